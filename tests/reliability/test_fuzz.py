"""Readers under noise: whatever the bytes, an answer or a `TextrnnError`.

pytest tests/reliability/test_fuzz.py                                      # a few seconds
TEXTRNN_FUZZ_MINUTES=10 pytest tests/reliability/test_fuzz.py              # ten minutes, other noise each time
"""

import contextlib
import io
import json
import os
import pathlib
import tempfile
import time

import pytest
import safetensors.numpy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import random_weights
from tests.damage import rewrite
from textrnn import LanguageModel, TextrnnError, array_files, commands, evaluate, generate, storage, train, translate
from textrnn.config import NetworkConfig
from textrnn.preprocessing import corpora, pairs
from textrnn.preprocessing.tokenizers import load_tokenizer, make_tokenizer

MINUTES = float(os.environ.get("TEXTRNN_FUZZ_MINUTES", "0"))
TARGETS = 7
QUICK = settings(max_examples=60, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=1000, derandomize=False, database=None, suppress_health_check=list(HealthCheck))


def fuzzed(test):
    """Runs a test on a few examples, or on new ones again and again for its share of the minutes asked for."""
    if not MINUTES:
        QUICK(test)()
        return
    end = time.monotonic() + 60 * MINUTES / TARGETS
    while time.monotonic() < end:
        LONG(test)()


LINES = ["the lamp is lit", "the lamp is out", "the keeper goes home"] * 20
TOKENIZER = make_tokenizer("word", LINES, 100)
SUBWORD = make_tokenizer("subword", LINES, 290)
CONFIG = NetworkConfig(vocabulary_size=TOKENIZER.vocabulary_size, units=(4,), embedding_dim=3)
MODEL = storage.StoredModel(CONFIG, {"tokenizer": TOKENIZER}, random_weights(CONFIG), {}, {"epochs": 1})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=15,
)


def mutations(content):
    """Returns a strategy of pieces of noise put into `content`."""

    def put(edits):
        changed = bytearray(content)
        for place, noise, length in edits:
            start = place % (len(changed) + 1)
            changed[start : start + length] = noise
        return bytes(changed)

    edit = st.tuples(st.integers(0, 10**6), st.binary(max_size=12), st.integers(0, 12))
    return st.lists(edit, min_size=1, max_size=4).map(put)


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as directory:
        storage.save_model(pathlib.Path(directory) / "model", MODEL)
        yield pathlib.Path(directory)


def test_model_files(place):
    directory = place / "model"
    whole = {path.name: path.read_bytes() for path in directory.iterdir()}
    names = ["config.json", "tokenizer.json", "weights.safetensors"]
    noise = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), mutations(whole[name])))

    @given(noise)
    def test(change):
        name, content = change
        for other in whole:
            (directory / other).write_bytes(whole[other])
        with contextlib.suppress(TextrnnError):
            rewrite(directory, name, content)  # with a manifest that fits, so that the reader itself is met
            model = LanguageModel.load(directory)
            assert model.generate("the lamp", max_tokens=3, seed=1).startswith("the lamp")

    fuzzed(test)


def test_configs(place):
    directory = place / "model"
    whole = {path.name: path.read_bytes() for path in directory.iterdir()}
    names = st.sampled_from(NetworkConfig.option_names())
    networks = st.dictionaries(names, json_values, max_size=3).map(lambda changes: {**CONFIG.to_dict(), **changes})

    @given(networks | json_values)
    def test(network):
        for other in whole:
            (directory / other).write_bytes(whole[other])
        with contextlib.suppress(TextrnnError):
            rewrite(directory, "config.json", json.dumps({"kind": "language-model", "network": network}).encode())
            config = LanguageModel.load(directory).config
            assert {name: array.shape for name, array in MODEL.weights.items()} == config.weight_shapes()

    fuzzed(test)


def test_weight_headers(place):
    path = pathlib.Path("weights.safetensors")
    entries = st.fixed_dictionaries({
        "dtype": st.sampled_from(["F32", "F16", "U8", "F64", "X"]) | json_values,
        "shape": st.lists(st.integers(-3, 2**63), max_size=3) | json_values,
        "data_offsets": st.lists(st.integers(-3, 2**63), min_size=2, max_size=2) | json_values,
    })  # fmt: skip

    @given(st.dictionaries(st.sampled_from(["a", "output/bias", "__metadata__"]), entries | json_values), st.binary())
    def test(header, data):
        content = json.dumps(header).encode()
        with contextlib.suppress(TextrnnError):
            layouts = array_files.all_like(array_files.Layout(("F32", "F16", "U8")))
            arrays = array_files.parsed_arrays(len(content).to_bytes(8, "little") + content + data, path, layouts)
            assert safetensors.numpy.save(arrays)

    fuzzed(test)


def test_tokenizer_files():
    files = {level: tokenizer.files("tokenizer") for level, tokenizer in (("word", TOKENIZER), ("subword", SUBWORD))}
    contents = json_values | st.dictionaries(st.sampled_from(["level", "tokens", "x"]), json_values)
    subword_models = mutations(files["subword"]["tokenizer.model"])

    @given(
        contents.map(lambda content: {"tokenizer.json": json.dumps(content).encode()})
        | mutations(files["word"]["tokenizer.json"]).map(lambda content: {"tokenizer.json": content})
        | subword_models.map(lambda content: {**files["subword"], "tokenizer.model": content})
    )
    def test(content):
        with contextlib.suppress(TextrnnError):
            tokenizer = load_tokenizer(content)
            ids = tokenizer.encode("the lamp is lit é")
            assert ids.min(initial=0) >= 0
            assert ids.max(initial=0) < tokenizer.vocabulary_size
            assert isinstance(tokenizer.decode(ids), str)

    fuzzed(test)


def test_texts_and_pairs(place):
    path = place / "text.txt"
    plain = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    tabbed = st.lists(st.lists(st.text(max_size=9), max_size=4).map("\t".join), max_size=5)

    @given(plain | tabbed.map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")))
    @example(b"\xef\xbb\xbf")
    @example(b"\xef\xbb\xbf\xef\xbb\xbfa\tb\n")
    @example(b"a\tb\n\r\n")
    def test(content):
        path.write_bytes(content)
        with contextlib.suppress(TextrnnError):
            lines = list(corpora.read(path).lines())
            ends = content.count(b"\n") or content.count(b"\r")
            assert len(lines) in (ends, ends + 1) or content.startswith((b"\xff\xfe", b"\xfe\xff"))
        with contextlib.suppress(TextrnnError):
            found = pairs.read(path)
            assert len(found.sources) == len(found.targets)

    fuzzed(test)


def test_command_lines(place):
    directory = str(place / "model")
    storage.save_model(directory, MODEL)
    words = st.sampled_from([
        *("--model", directory, "--seed", "--max-tokens", "--json", "--temperature", "--config", "--output"),
        *("--num-beams", "--references", "--resume", "bleu", "perplexity", "language-model", "translator"),
        *("-", "--", "-1", "0", "x"),
    ]) | st.text(max_size=8).filter(lambda text: "\0" not in text)  # fmt: skip
    modules = st.sampled_from([generate, translate, evaluate, train])

    @given(modules, st.lists(words, max_size=6))
    @example(generate, ["\udc80", "--model", directory])
    @example(translate, ["\udc80"])
    @example(train, ["language-model", "\udc80", "--output", "x"])
    def test(module, arguments):
        if module is generate:
            arguments = ["--max-tokens", "2", *arguments]
        if module is train and "--output" in arguments:
            arguments = [*arguments, "--output", "/dev/null/x"]  # nothing is to be trained here
        output, errors = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.suppress(TextrnnError), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            try:
                status = commands.run(module.command, arguments)
            except SystemExit as end:
                status = end.code
            assert status in (0, 2)
            assert "Traceback" not in errors.getvalue()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO("the lamp"))
        fuzzed(test)


def test_prompts(place):
    storage.save_model(place / "model", MODEL)
    model = LanguageModel.load(place / "model")

    @given(st.text(max_size=60))
    @example("\ud800")
    def test(prompt):
        with contextlib.suppress(TextrnnError):
            text = model.generate(prompt, max_tokens=3, seed=1)
            assert text.startswith(prompt)
            assert model.generate(prompt, max_tokens=3, seed=1) == text

    fuzzed(test)
