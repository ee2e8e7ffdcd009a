from textrnn.config import ClassifierConfig, ClassifierTrainingConfig
from textrnn.defaults.classifier import classifier_choice, encoder_choice

FIXED = {"level": "subword", "units": (48, 32)}


def test_what_has_read_before_learns_more_slowly_and_for_fewer_steps():
    texts = ["a few words"] * 5000
    begun, anew = encoder_choice(5000, 2, FIXED, {}), classifier_choice(texts, {"a": 1, "b": 1}, {}, {})
    assert begun.training["learning_rate"] < anew.training["learning_rate"]
    assert begun.training["steps"] < anew.training["steps"]
    assert not {"cell", "units", "embedding_dim", "bidirectional", "level"} & set(begun.model)
    assert begun.reasons[0].startswith("5,000 texts of 2 classes: subwords, 48 + 32 units of a language model, ")


def test_the_options_are_those_of_the_configs():
    choice = encoder_choice(100, 2, FIXED, {"epochs": 3, "batch_size": 4})
    network = {name: value for name, value in choice.model.items() if name != "vocabulary_size"}
    assert ClassifierConfig(**network).linear
    assert ClassifierTrainingConfig(**{**choice.training, "epochs": 3}).epochs == 3
    assert choice.training["batch_size"] == 4
    assert not {"steps", "validations"} & set(choice.training)  # who thinks in epochs is validated by epochs
