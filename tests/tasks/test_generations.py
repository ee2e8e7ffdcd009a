"""What a language model offers around the generation loop, with a network that draws from a few names."""

import types

import numpy as np
import pytest

from textrnn import LanguageModel, TextrnnError, generate
from textrnn.config import NetworkConfig
from textrnn.evaluation.memorisation import NgramFilter, remembered
from textrnn.preprocessing.tokenizers import EOS_ID, CharTokenizer, WordTokenizer
from textrnn.tasks.generations import Writer

SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
NAMES = ["ann", "bob", "eve", "tim"]


class NameNetwork:
    """Begins each name with the same probability, spells it, and ends; its state is the name and the place in it."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.begun = []

    def initial_states(self, batch_size):
        return [[np.full((batch_size, 1), -1.0)]]

    def __call__(self, token_ids, states, last_only):
        logits = np.full((len(token_ids), self.tokenizer.vocabulary_size), -50.0)
        for row, tokens in enumerate(token_ids):
            begun = "".join(self.tokenizer.tokens[token] for token in tokens if token > EOS_ID)
            place = int(states[0][0][row, 0])
            text = begun if place < 0 else self.begun[place] + begun
            self.begun.append(text)
            states[0][0][row, 0] = len(self.begun) - 1
            for name in NAMES:
                if name.startswith(text):
                    following = self.tokenizer.ids[name[len(text)]] if len(name) > len(text) else EOS_ID
                    logits[row, following] = 0.0
        return logits, [[states[0][0].copy()]]


class Names(Writer):
    """A model of names."""

    config = NetworkConfig(vocabulary_size=20, form="lines", documents="line")
    tokenizer = CharTokenizer([*SPECIAL, *sorted(set("".join(NAMES))), "\n"])
    known: tuple = ()

    @property
    def network(self):
        return NameNetwork(self.tokenizer)

    def _trained_tokenizer(self):
        return self.tokenizer

    def _ngram_filter(self):
        return NgramFilter.from_arrays(remembered({}, lambda: [(True, name) for name in self.known], 10))


def test_samples_of_a_model_of_lines_begin_and_end():
    results = Names().generations([""], num_samples=20, seed=1)[0]
    assert {result.text for result in results} == set(NAMES)
    assert {result.finish_reason for result in results} == {"eos"}
    assert Names().prompt_ids("a") == [2, Names.tokenizer.ids["a"]]


def test_no_text_twice():
    model = Names()
    assert sorted(model.generate("", num_samples=4, unique=True, seed=1, top_p=1.0)) == NAMES
    first = model.generate("", num_samples=3, unique=True, seed=2)
    assert model.generate("", num_samples=3, unique=True, seed=2) == first
    assert model.generate("", unique=True, seed=2) == first[0] == model.generate("", seed=2)
    assert len(model.generate("", num_samples=9, unique=True, seed=1, top_p=1.0)) == 4  # there are no more
    alone = model.generate("", num_samples=2, unique=True, seed=1)
    assert model.generate(["", "a"], num_samples=2, unique=True, seed=1)[0] == alone


def test_only_new_texts():
    model = Names()
    model.known = ("ann", "bob")
    texts = model.generate("", num_samples=30, new_only=True, seed=1)
    assert set(texts) == {"eve", "tim"}
    unknown = model.generate("", num_samples=30, seed=1)
    assert [new for new, old in zip(texts, unknown, strict=True) if old in ("eve", "tim")] == [
        old for old in unknown if old in ("eve", "tim")
    ]
    assert sorted(model.generate("", num_samples=2, new_only=True, unique=True, seed=1)) == ["eve", "tim"]
    with pytest.raises(TextrnnError, match="Each of 20 attempts wrote a text that stands in the training text"):
        model.generate("an", new_only=True, seed=1)


def test_a_model_without_a_record_of_its_documents_cannot_say_what_is_new():
    with pytest.raises(TextrnnError, match="keeps no record of its training documents"):
        Names().generate("", new_only=True)


def test_prompts_are_read_as_files_are():
    model = Names()
    model.tokenizer = CharTokenizer([*SPECIAL, "\u00e9", "a", "\n"])
    assert model.prompt_ids("e\u0301\r\na") == model.prompt_ids("\ufeff\u00e9\na") == [2, 4, 6, 5]
    assert model.unknown_tokens("e\u0301") == []


def test_generations_say_what_was_unknown():
    model = Names()
    ((result,),) = model.generations(["xay"], max_tokens=1)
    assert result.unknown == ("x", "y")
    assert result.text.startswith("xay")
    model.tokenizer = WordTokenizer([*SPECIAL, "\n", "ann", "annabel"])
    assert model.unknown_in_prompt("zoe anna") == ("zoe",)  # the last word may become Annabel
    assert model.unknown_in_prompt("zoe anna ") == ("zoe", "anna")


def test_next_tokens_and_words():
    model = Names()
    assert [candidate.text for candidate in model.next_tokens("", 4)] == ["a", "b", "e", "t"]
    assert model.next_tokens("", 1)[0].probability == pytest.approx(0.25)
    assert [candidate.text for candidate in model.next_words("", 4)] == NAMES
    assert model.next_words("e")[0].text == "ve"
    for ending in (model.next_tokens("ann", 1), model.next_words("ann", 1)):
        assert ending == [("<eos>", pytest.approx(1.0))]
    for number in (0, -1, 1.5):
        with pytest.raises(TextrnnError, match="`number` must be a whole number at least 1"):
            model.next_tokens("", number)


@pytest.mark.parametrize(
    ("documents", "between"),
    [("\n\n", "a\n\nb"), ("---", "a\n---\nb"), ("file", "a\n\n--------------------\n\nb")],
)
def test_models_of_longer_documents(documents, between):
    model = Names()
    model.config = NetworkConfig(vocabulary_size=20, documents=documents)
    assert model.prompt_ids("") == [2]
    assert model.prompt_ids("a") == [2, Names.tokenizer.ids["a"]]
    parsed = types.SimpleNamespace(explain=False, memorisation=False)
    assert generate.separator(documents, parsed).join(["a", "b"]) == between


def test_running_text_goes_on_after_a_newline():
    model = Names()
    model.config = NetworkConfig(vocabulary_size=20)
    assert model.prompt_ids("a") == [Names.tokenizer.ids["\n"], Names.tokenizer.ids["a"]]


def test_a_model_says_what_it_is(trained):
    model, directory, _ = trained
    assert repr(model) == repr(LanguageModel.load(directory))
    assert repr(model).startswith("<LanguageModel: char, vocabulary ")
    assert "gru 48" in repr(model)
    assert "running text, trained on" in repr(model)
    assert "not trained" in repr(LanguageModel(level="word"))


@pytest.mark.parametrize("prompt", [None, 5, ["A", None], [b"A"]])
def test_a_prompt_that_is_no_text(trained, prompt):
    with pytest.raises(TextrnnError, match="must be a"):
        trained[0].generate(prompt)


def test_prompts_elsewhere_and_none_at_all(trained):
    model = trained[0]
    assert model.generate([]) == []
    for call in (lambda: model.next_tokens(None), lambda: list(model.stream(["A"]))):
        with pytest.raises(TextrnnError, match="A prompt must be a string"):
            call()
