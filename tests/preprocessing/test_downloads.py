import io
import zipfile

import pytest

from textrnn import TextrnnError, corpora


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("nltk.download", lambda *arguments, **options: False)

    def not_found(name):
        raise LookupError(name)

    monkeypatch.setattr("nltk.data.find", not_found)
    monkeypatch.delenv("TEXTRNN_CORPORA", raising=False)


def test_named_corpora_come_from_the_local_directory_first(tmp_path, monkeypatch, no_network):
    for place, name in (("lm/gutenberg/poe.txt", "gutenberg:poe"), ("mt/tatoeba_eng_spa/spa.txt", "tatoeba:eng-spa")):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.write_text("Hello.\tHola.\n")
        monkeypatch.setenv("TEXTRNN_CORPORA", str(tmp_path))
        assert corpora.load(name).text() == corpora.read(name).text() == "Hello.\tHola.\n"


@pytest.mark.parametrize("name", ["gutenberg:shakespeare-hamlet", "tatoeba:eng-spa"])
def test_without_a_network_one_sentence_says_what_to_do(no_network, tmp_path, monkeypatch, name):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(TextrnnError, match=rf"{name} is not on this computer.*TEXTRNN_CORPORA"):
        corpora.load(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gutenburg:x", "Did you mean 'gutenberg'"),
        ("tatoeba:eng", "three-letter codes"),
        ("gutenberg:../x", "holds no path"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(TextrnnError, match=message):
        corpora.load(name)


class Answer(io.BytesIO):
    """What `urlopen` returns."""


def archive(name, content):
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as files:
        files.writestr(name, content)
    return result.getvalue()


def test_downloads_are_checked_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TEXTRNN_CORPORA", raising=False)
    answers = [
        b"not a zip",
        archive("other.txt", "a\tb\n"),
        archive("spa.txt", "no tab\n"),
        archive("spa.txt", "a\tb\n"),
    ]
    monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **options: Answer(answers.pop(0)))
    for message in ("not an archive", "not an archive", "expected a sentence"):
        with pytest.raises(TextrnnError, match=message):
            corpora.load("tatoeba:eng-spa")
    assert list(corpora.load("tatoeba:eng-spa").lines()) == ["a\tb"]
    assert list(corpora.load("tatoeba:eng-spa").lines()) == ["a\tb"]  # from the cache: no answer is left
    assert [path.name for path in (tmp_path / "textrnn").iterdir()] == ["tatoeba-eng-spa.tsv"]
