"""Texts that begin and end: names, poems, files, items."""

import json

import pytest

from textrnn import LanguageModel, TextrnnError
from textrnn.progress import Progress
from textrnn.storage import load_model

NAMES = [f"{first}{last}" for first in ("Ann", "Bar", "Cor", "Del", "Em", "Flo") for last in ("a", "ella", "ine", "y")]
POEMS = [
    f"The {noun} is {colour},\nthe sea is wide."
    for noun in ("boat", "sail", "lamp")
    for colour in ("red", "old", "wet")
]
TINY = {
    "level": "char",
    "units": (24,),
    "embedding_dim": 16,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
    "weight_drop": 0.0,
}
FAST = {"batch_size": 8, "learning_rate": 0.02, "warmup_steps": 5, "patience": 0, "moving_average": 0.0}


def fitted(corpus, steps=150, options=TINY, **fit_options):
    model = LanguageModel(**options)
    model.fit(corpus, steps=steps, progress=Progress(quiet=True), **{**FAST, **fit_options})
    return model


@pytest.fixture
def chosen(trainer_of):
    """Returns a function that gives the config of the network that a corpus would train."""

    def choose(corpus, **options):
        model = LanguageModel(**TINY)
        fit = trainer_of(model.fit, corpus, steps=25, progress=Progress(quiet=True), **{**FAST, **options})
        return fit.network.network_config

    return choose


def samples(model, number=20):
    return model.generations([""], num_samples=number, seed=1, max_tokens=200)[0]


def test_a_list_of_names_gives_names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES) + "\n")
    model = fitted(path)
    assert (model.config.documents, model.config.form) == ("line", "lines")
    results = samples(model)
    assert {result.finish_reason for result in results} == {"eos"}
    assert all("\n" not in result.text and result.text[:1].isupper() for result in results)


def test_texts_in_memory_are_documents():
    model = fitted(POEMS, validation_fraction=0.2)
    assert model.config.documents == "item"
    results = samples(model)
    assert {result.finish_reason for result in results} == {"eos"}
    assert all(result.text.startswith("The ") and result.text.endswith("wide.") for result in results)


@pytest.mark.parametrize("form", ["lines", "stream", "ngrams"])
def test_a_blank_line_parts_documents_in_every_form(tmp_path, form):
    path = tmp_path / "poems.txt"
    path.write_text("\n\n".join(POEMS) + "\n")
    steps = 500 if form == "ngrams" else 150
    model = fitted(path, steps, {**TINY, "form": form}, documents="\n\n", validation_fraction=0.2, length=24)
    assert (model.config.documents, model.config.form) == ("\n\n", form)
    results = samples(model, 8)
    assert {result.finish_reason for result in results} == {"eos"}
    assert all(result.text.startswith("The ") and result.text.endswith("wide.") for result in results)


def test_the_loss_of_documents_does_not_depend_on_the_form(tmp_path):
    """The same weights score the same documents alike as rows, as a stream, and as n-grams."""
    path = tmp_path / "poems.txt"
    path.write_text("\n\n".join(POEMS) + "\n")
    losses = []
    for form in ("lines", "stream", "ngrams"):
        model = fitted(path, 25, {**TINY, "form": form}, documents="\n\n", validation=path, seed=3)
        model.weights = {name: array * 0 + 0.03 for name, array in model.weights.items()}
        model._network = None
        losses.append(model.evaluate(path).loss)
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)


def test_files_are_documents_and_never_touch(chosen, tmp_path):
    for name, text in (("one.txt", "Boats go out. " * 100), ("two.txt", "Lamps burn low. " * 100)):
        (tmp_path / name).write_text(text.strip())
    config = chosen(tmp_path, validation=tmp_path)
    assert (config.documents, config.form) == ("file", "stream")


def test_running_text_can_be_asked_for(chosen, tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES) + "\n")
    config = chosen(path, documents="none")
    assert (config.documents, config.form) == (None, "stream")
    assert LanguageModel(documents="none").config.documents is None


def test_one_word_lines_ask_for_documents(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES) + "\n")
    with pytest.raises(TextrnnError, match="has one token, and no other to predict. Pass documents='line'"):
        LanguageModel("tutorial").fit(path, progress=Progress(quiet=True))


def test_training_on_everything(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES[:4]) + "\n")
    model = fitted(path, 25, documents="line", validation_fraction=0)
    assert model.facts["validation_tokens"] == model.facts["training_tokens"]


@pytest.mark.parametrize(("documents", "version"), [("line", 1), ("none", 1), ("\n\n", 2), ("item", 2)])
def test_a_model_is_written_in_the_lowest_format_that_holds_it(tmp_path, documents, version):
    path = tmp_path / "poems.txt"
    path.write_text("\n\n".join(POEMS) + "\n")
    model = fitted(POEMS if documents == "item" else path, 25, documents=documents, validation_fraction=0.3)
    model.ngrams = {name: array for name, array in model.ngrams.items() if name != "documents"}
    model.save(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "manifest.json").read_text())["format_version"] == version
    network = json.loads((tmp_path / "model" / "config.json").read_text())["network"]
    assert ("line_markers" in network) == (version == 1)
    assert load_model(tmp_path / "model", "language-model").config == model.config


def test_an_unknown_option_of_a_newer_format_is_named(tmp_path):
    fitted(POEMS, 25, validation_fraction=0.3).save(tmp_path / "model")
    with pytest.raises(TextrnnError, match="no option `sections`"):
        LanguageModel(sections=3)


@pytest.mark.parametrize(("page", "documents"), [("The lamp is lit.\n" * 20, "line"), ("The lamp is lit. " * 40, None)])
def test_a_list_of_one_text_is_read_as_a_file_would_be(chosen, page, documents):
    assert chosen([page + "Then it is dark.\n"]).documents == documents
