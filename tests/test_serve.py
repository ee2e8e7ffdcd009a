"""`textrnn serve`: the page and the API of each kind, and everything that is refused, over a real connection."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from tests.conftest import ROOT, assert_refused
from tests.exporting.pages import stored
from textrnn import serve
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, TranslatorConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.tokenizers import make_tokenizer
from textrnn.serve import MAX_BYTES, MAX_CHARACTERS, MAX_TEXTS, Server

LINES = (ROOT / "corpora" / "lighthouse.txt").read_text(encoding="utf-8").split("\n")[:300]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A small model of each kind, with random weights."""
    words = make_tokenizer("word", LINES)
    size, place = words.vocabulary_size, tmp_path_factory.mktemp("models")
    sizes = {"source_vocabulary_size": size, "target_vocabulary_size": size, "joint_vocabulary": True}
    configs = (
        NetworkConfig(vocabulary_size=size, units=(16,), embedding_dim=8),
        TranslatorConfig(**sizes, encoder_units=(8,), decoder_units=(12,), embedding_dim=8),
        ClassifierConfig(labels=("calm", "storm"), vocabulary_size=size, units=(8,), embedding_dim=8),
        ForecasterConfig(horizon=4, lookback=8, units=(8,)),
    )
    given = [{name: words for name in config.tokenizer_names} for config in configs]
    both = zip(configs, given, strict=True)
    return {config.kind: stored(place / config.kind, config, tokenizers) for config, tokenizers in both}


@pytest.fixture
def serving(models):
    """Starts servers; returns a function that asks the server of a kind and returns status, headers and content."""
    servers = {}

    def ask(kind, method, path, body=None, headers=JSON, **changed):
        if kind not in servers:
            servers[kind] = Server(models[kind], 0)
            threading.Thread(target=servers[kind].serve_forever, args=(0.02,), daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", servers[kind].server_port, timeout=30)
        content = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, content, {**headers, **changed})
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    ask.servers = servers
    yield ask
    for server in servers.values():
        server.shutdown()
        server.server_close()


def answer_of(found):
    """The object of an answer that was given."""
    status, headers, body = found
    assert status == 200, body
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)


def test_the_page_is_served_and_may_not_be_framed(serving):
    status, headers, body = serving("language-model", "GET", "/")
    assert status == 200
    assert body.startswith(b"<!doctype html>")
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Server"] == "textrnn"
    assert serving("language-model", "HEAD", "/")[2] == b""
    about = answer_of(serving("language-model", "GET", "/api"))
    assert about["post"] == "/api/generate"
    assert about["limits"]["bytes"] == MAX_BYTES
    assert answer_of(serving("language-model", "POST", "/api/generate", about["example"]))["text"].startswith("To be")


def test_each_kind_answers_as_in_python(serving, models):
    model = models["language-model"]
    asked = {"prompt": "The lamp", "max_tokens": 9, "seed": 3}
    found = answer_of(serving("language-model", "POST", "/api/generate", asked))
    assert found == {"text": model.generate(**asked), "is_complete": True}
    texts = LINES[:3]
    found = answer_of(serving("translator", "POST", "/api/translate", {"texts": texts, "num_beams": 2}))
    assert found == {"translations": models["translator"].translate(texts, num_beams=2), "is_complete": True}
    found = answer_of(serving("classifier", "POST", "/api/classify", {"texts": texts}))
    assert [one["label"] for one in found["classes"]] == models["classifier"].predict(texts)
    shares = [[one["probability"] for one in text["probabilities"]] for text in found["classes"]]
    np.testing.assert_allclose(shares, models["classifier"].probabilities(texts), atol=1e-6)
    values = np.sin(np.arange(12)).tolist()
    found = answer_of(serving("forecaster", "POST", "/api/forecast", {"values": values}))
    assert found["forecasts"] == [models["forecaster"].forecast(np.array(values)).to_dict()]


WRONG = {
    "another host": (403, {"Host": "evil.example:80"}, {}),
    "no host of this port": (403, {"Host": "localhost:1"}, {}),
    "another site": (403, {"Origin": "http://evil.example"}, {}),
    "a form": (415, {"Content-Type": "text/plain"}, {}),
    "too large": (413, {"Content-Length": str(MAX_BYTES + 1)}, {}),
    "a strange length": (411, {"Content-Length": "+5"}, {}),
    "no JSON": (400, {}, "{"),
    "deep JSON": (400, {}, "[" * 50_000),
    "no object": (400, {}, "[]"),
    "NaN": (400, {}, '{"temperature": NaN}'),
    "an unknown option": (400, {}, {"promt": "x"}),
    "a number for a prompt": (400, {}, {"prompt": 3}),
    "a long prompt": (400, {}, {"prompt": "x" * (MAX_CHARACTERS + 1)}),
    "half a character": (400, {}, '{"prompt": "\\ud800"}'),
    "too many tokens": (400, {}, {"max_tokens": 100_000}),
    "no number of tokens": (400, {}, {"max_tokens": "9"}),
    "a stop of numbers": (400, {}, {"stop": [3]}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_in_json(serving, name, capsys):
    expected, headers, body = WRONG[name]
    status, found, content = serving("language-model", "POST", "/api/generate", body, **headers)
    assert status == expected, content
    assert found["Content-Type"] == "application/json"
    assert set(json.loads(content)) == {"error"}
    assert b"Traceback" not in content
    assert capsys.readouterr().err == ""  # nothing went wrong inside


def test_paths_and_methods_that_are_not_there(serving):
    assert serving("language-model", "GET", "/../etc/passwd")[0] == 404
    assert serving("language-model", "POST", "/api/translate", {})[0] == 404
    assert serving("language-model", "GET", "/api/generate")[0] == 405
    assert serving("language-model", "PUT", "/")[0] == 501
    assert serving("language-model", "GET", "/", Host="evil.example")[0] == 403


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("translator", "/api/translate", {"texts": ["a"] * (MAX_TEXTS + 1)}),
        ("translator", "/api/translate", {"texts": ["a"], "num_beams": 10_000}),
        ("translator", "/api/translate", {"texts": []}),
        ("classifier", "/api/classify", {"texts": "a"}),
        ("forecaster", "/api/forecast", {"values": [1, "2"]}),
        ("forecaster", "/api/forecast", {"values": [1, 2]}),
        ("forecaster", "/api/forecast", '{"values": [1' + "0" * 400 + "]}"),
        ("forecaster", "/api/forecast", {}),
    ],
)
def test_what_a_kind_cannot_answer_is_refused(serving, kind, path, body):
    status, _, content = serving(kind, "POST", path, body)
    assert status == 400, content


def test_an_answer_ends_in_time(serving, monkeypatch):
    monkeypatch.setattr(serve, "MAX_SECONDS", 0.0)
    found = answer_of(serving("translator", "POST", "/api/translate", {"texts": LINES[:5]}))
    assert found == {"translations": [], "is_complete": False}
    assert not answer_of(serving("language-model", "POST", "/api/generate", {"max_tokens": 1000}))["is_complete"]


def test_a_request_that_does_not_come_is_given_up(serving, monkeypatch):
    monkeypatch.setattr(serve, "PATIENCE", 0.3)
    monkeypatch.setattr(serve.Handler, "timeout", 0.3)
    serving("language-model", "GET", "/api")
    port = serving.servers["language-model"].server_port
    head = f"POST /api/generate HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: 50\r\n\r\n{{".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b" 408 " in answer.split(b"\r\n")[0]


def test_others_wait_and_are_told_when_it_takes_too_long(serving, monkeypatch):
    serving("language-model", "GET", "/api")
    monkeypatch.setattr(serve, "MAX_SECONDS", 0.1)
    with serving.servers["language-model"].is_free:
        status, _, content = serving("language-model", "POST", "/api/generate", {})
    assert status == 503
    assert "Ask again later" in json.loads(content)["error"]


def test_a_mistake_inside_tells_nothing_outside(serving, monkeypatch, capsys):
    serving("language-model", "GET", "/api")

    def broken(*given):
        raise KeyError("secret")

    monkeypatch.setattr(serving.servers["language-model"], "work", broken)
    status, _, content = serving("language-model", "POST", "/api/generate", {})
    assert status == 500
    assert b"secret" not in content
    assert "secret" in capsys.readouterr().err


def test_only_this_computer_can_reach_it(serving):
    serving("language-model", "GET", "/api")
    assert serving.servers["language-model"].server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_named(models, serving):
    serving("language-model", "GET", "/api")
    with pytest.raises(TextrnnError, match="Pass another --port"):
        Server(models["language-model"], serving.servers["language-model"].server_port)


def test_the_command_serves_until_ctrl_c(models, call, tmp_path, interruptible):
    assert_refused(call(serve, tmp_path / "none"), "no such model")
    assert_refused(call(serve, models["forecaster"].origin, "--port", "70000"), "`port`")
    command = [sys.executable, "-m", "textrnn.serve", models["forecaster"].origin, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        address = process.stdout.readline().split()[0]
        connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=30)
        connection.request("GET", "/api")
        assert json.loads(connection.getresponse().read())["kind"] == "forecaster"
        connection.close()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert process.returncode == 130
    assert error == "interrupted\n"
