"""`python -m textrnn.serve MODEL`: a model's page and a small JSON API, for this computer alone.

    GET /                 the page that `textrnn export MODEL --to page.html` writes
    GET /api              what the model is, what may be asked of it, and the limits
    POST /api/generate    {"prompt": "To be", "max_tokens": 40}       of a language model
    POST /api/translate   {"texts": ["I am a student"]}               of a translator
    POST /api/classify    {"texts": ["a masterpiece"]}                of a classifier
    POST /api/forecast    {"values": [1, 2, 3]}, or {} to go on       of a forecaster

Only this computer is answered, and only by its name: a page of another site, whose name leads here, is refused. A
request has a limit of bytes, a text of characters, an answer of tokens and of seconds. One request computes at a time.
"""

import contextlib
import http.server
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from textrnn.commands import Parser, run
from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError, check_options, check_range
from textrnn.exporting.page import page_text
from textrnn.storage import kind_of

__all__ = ["Server", "command"]

ADDRESS, PORT = "127.0.0.1", 8077
NAMES = (ADDRESS, "localhost")
MAX_BYTES = 200_000  # of a request
MAX_CHARACTERS = 10_000  # of a text
MAX_TEXTS = 100
MAX_TOKENS = 1000
MAX_BEAMS = 10
MAX_SECONDS = 20.0  # after which no other token or text is begun
MAX_CONNECTIONS = 64
PATIENCE = 10.0  # seconds for a request to arrive

SAMPLING = ("max_tokens", "temperature", "top_k", "top_p", "repetition_penalty", "stop", "seed")
Answer = dict[str, Any]


class Refusal(Exception):
    """A request that is not done.

    Args:
        status: The status of HTTP.
        text: Why, and what to do.
    """

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


def generated(model: Any, request: Answer, deadline: float) -> Answer:
    """Continues a prompt; see `Writer.generate`."""
    check_options(request, ("prompt", *SAMPLING), "generate")
    prompt = request.get("prompt", "")
    if not isinstance(prompt, str):
        raise TextrnnError("`prompt` must be a string.")
    (prompt,) = texts_of({"texts": [prompt]})
    options = {name: request[name] for name in SAMPLING if name in request}
    if "max_tokens" in options:
        check_range("max_tokens", options["max_tokens"], 0, MAX_TOKENS, whole=True)
    pieces = []
    for piece in model.stream(prompt, **options):
        pieces.append(piece)
        if time.monotonic() > deadline:
            return {"text": "".join(pieces), "is_complete": False}
    return {"text": "".join(pieces), "is_complete": True}


def translated(model: Any, request: Answer, deadline: float) -> Answer:
    """Translates texts; see `Translator.translate`."""
    check_options(request, ("texts", "raw", "num_beams"), "translate")
    beams = request.get("num_beams", 5)
    check_range("num_beams", beams, 1, MAX_BEAMS, whole=True)
    texts, found = texts_of(request), []
    for text in texts:
        if time.monotonic() > deadline:
            break
        found.append(model.translate(text, raw=bool(request.get("raw", False)), num_beams=beams))
    return {"translations": found, "is_complete": len(found) == len(texts)}


def classified(model: Any, request: Answer, deadline: float) -> Answer:
    """Names the classes of texts; see `Classifier.predict`."""
    check_options(request, ("texts",), "classify")
    texts, found = texts_of(request), []
    for text in texts:
        if time.monotonic() > deadline:
            break
        probabilities = model.probabilities([text])
        (label,) = model.named(probabilities)
        pairs = zip(model.labels, probabilities[0].tolist(), strict=True)
        shares = [{"label": one, "probability": share} for one, share in pairs]
        found.append({"label": label, "probabilities": shares})
    return {"classes": found, "is_complete": len(found) == len(texts)}


def forecast(model: Any, request: Answer, deadline: float) -> Answer:
    """Forecasts what comes after numbers, or after the series of the training; see `Forecaster.forecast`."""
    check_options(request, ("values",), "forecast")
    values = request.get("values")
    if values is not None and not (isinstance(values, list) and values and all(map(is_number, values))):
        raise TextrnnError("`values` must be a list of numbers.")
    result = model.forecast(values)
    results = result if isinstance(result, list) else [result]
    return {"forecasts": [one.to_dict() for one in results]}


def is_number(value: Any) -> bool:
    """Says whether a value of JSON is a number that float64 has."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def texts_of(request: Answer) -> list[str]:
    """Returns the texts of a request.

    Raises:
        TextrnnError: If there are none, too many, or one is too long.
    """
    texts = request.get("texts")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise TextrnnError("`texts` must be a list of strings.")
    if len(texts) > MAX_TEXTS:
        raise TextrnnError(f"At most {MAX_TEXTS} texts are taken at once. Received: {len(texts):,}.")
    longest = max(map(len, texts))
    if longest > MAX_CHARACTERS:
        raise TextrnnError(f"A text may have {MAX_CHARACTERS:,} characters. Received: {longest:,}.")
    try:
        "".join(texts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextrnnError("A text holds half a character.") from error
    return texts


VERBS: dict[str, tuple[str, Callable[[Any, Answer, float], Answer], Answer]] = {  # with a request, for example
    "language-model": ("generate", generated, {"prompt": "To be", "max_tokens": 40, "seed": 1}),
    "translator": ("translate", translated, {"texts": ["I am a student"], "num_beams": 5}),
    "classifier": ("classify", classified, {"texts": ["a masterpiece"]}),
    "forecaster": ("forecast", forecast, {"values": [1, 2, 3]}),
}


class Server(http.server.ThreadingHTTPServer):
    """Serves one model to this computer.

    Args:
        model: A trained model of any kind.
        port: Where; 0 takes a free one.

    Raises:
        TextrnnError: If a page cannot hold the model, or the port is taken.
    """

    daemon_threads = True

    def __init__(self, model: Any, port: int = PORT) -> None:
        self.model = model
        self.page = page_text(model).encode("utf-8")
        self.verb, self.work, self.example = VERBS[model.kind]
        self.is_free = threading.Lock()
        self.connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        try:
            super().__init__((ADDRESS, port), Handler)
        except OSError as error:
            why = error.strerror or error
            raise TextrnnError(f"Port {port}: {why}. Pass another --port, or 0 for a free one.") from error

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.connections.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says in a line what went wrong; who has gone away is no error."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"error: {error!r}", file=sys.stderr)

    def about(self) -> Answer:
        """Returns what the model is, what may be asked of it, and the limits."""
        return {
            "model": str(self.model.origin or self.model.noun),
            "kind": self.model.kind,
            "post": f"/api/{self.verb}",
            "example": self.example,
            "limits": {
                "bytes": MAX_BYTES,
                "characters": MAX_CHARACTERS,
                "texts": MAX_TEXTS,
                "tokens": MAX_TOKENS,
                "beams": MAX_BEAMS,
                "seconds": MAX_SECONDS,
            },
        }

    def answer(self, request: Answer) -> Answer:
        """Does what is asked, one request at a time.

        Raises:
            Refusal: If others take too long.
            TextrnnError: If the request is wrong.
        """
        if not self.is_free.acquire(timeout=MAX_SECONDS):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Others are being answered. Ask again later.")
        try:
            return self.work(self.model, request, time.monotonic() + MAX_SECONDS)
        finally:
            self.is_free.release()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    timeout = PATIENCE

    def version_string(self) -> str:
        return "textrnn"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing: what is asked is nobody's business."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers what the standard library refuses as everything else is answered."""
        self._send({"error": message or HTTPStatus(code).phrase}, HTTPStatus(code))

    def do_GET(self) -> None:
        """Serves the page, or what the model is."""
        with self._refusals():
            self._check_host()
            if self.path == "/":
                self._send(self.server.page, kind="text/html; charset=utf-8")
            elif self.path == "/api":
                self._send(self.server.about())
            elif self.path == f"/api/{self.server.verb}":
                raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"Send {self.path} a POST with JSON.")
            else:
                raise Refusal(HTTPStatus.NOT_FOUND, "There are / and /api here.")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Does what is asked in JSON."""
        with self._refusals():
            self._check_host()
            if self.path != f"/api/{self.server.verb}":
                raise Refusal(HTTPStatus.NOT_FOUND, f"This model answers at /api/{self.server.verb}.")
            self._send(self.server.answer(self._request()))

    @contextlib.contextmanager
    def _refusals(self) -> Any:
        """Turns what goes wrong into answers; nothing of the program's inside is told."""
        try:
            yield
        except Refusal as refusal:
            self._send({"error": str(refusal)}, refusal.status)
        except TextrnnError as error:
            self._send({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            print(f"error: {error!r}", file=sys.stderr)
            self._send({"error": "Something went wrong here."}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _check_host(self) -> None:
        """Refuses who calls this computer by another name, as the page of a site can whose name leads here."""
        known = {f"{name}:{self.server.server_port}" for name in NAMES}
        if self.headers.get("Host", "").lower() not in known:
            raise Refusal(HTTPStatus.FORBIDDEN, f"Only {' and '.join(NAMES)} are answered.")
        origin = self.headers.get("Origin")
        if origin is not None and origin.lower().removeprefix("http://") not in known:
            raise Refusal(HTTPStatus.FORBIDDEN, "Pages of other sites are not answered.")

    def _request(self) -> Answer:
        """Returns the object of JSON that was sent."""
        if self.headers.get_content_type() != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with Content-Type: application/json.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "Send a Content-Length.")
        if len(length) > 18 or int(length) > MAX_BYTES:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {MAX_BYTES:,} bytes.")
        try:
            request = json.loads(self._body(int(length)), parse_constant=refuse_constant)
        except (ValueError, RecursionError) as error:
            raise TextrnnError(f"This is no JSON: {error}.") from error
        if not isinstance(request, dict):
            raise TextrnnError("Send one object of JSON, such as {}.")
        return request

    def _body(self, length: int) -> bytes:
        """Returns what was sent, if it comes in time."""
        deadline, body = time.monotonic() + PATIENCE, b""
        with contextlib.suppress(TimeoutError):
            while len(body) < length and time.monotonic() < deadline:
                read = self.rfile.read1(length - len(body))
                if not read:
                    break
                body += read
        if len(body) < length:
            raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive whole in time.")
        return body

    def _send(
        self, content: Answer | bytes, status: HTTPStatus = HTTPStatus.OK, kind: str = "application/json"
    ) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content, allow_nan=False).encode("ascii")
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "frame-ancestors 'none'"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def refuse_constant(name: str) -> Any:
    """Refuses NaN and infinities, which are no JSON."""
    raise ValueError(f"{name} is no number")


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(
        prog="textrnn serve", description="Serves a model's page and a small JSON API to this computer, until Ctrl-C."
    )
    parser.add_argument("model", help="a shipped model or a directory")
    parser.add_argument("--port", type=int, default=PORT, help=f"where (default {PORT}); 0 takes a free one")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Serves a model until it is interrupted; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    check_range("port", parsed.port, 0, 65_535, whole=True)
    model = KINDS[kind_of(parsed.model)].load("tasks", "task").load(parsed.model)
    with Server(model, parsed.port) as server:
        print(
            f"{server.address} serves {parsed.model} to this computer, and {server.address}api to its programs. "
            "Ctrl-C ends it.",
            flush=True,
        )
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    sys.exit(run(command))
