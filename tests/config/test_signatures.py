import dataclasses
import inspect
import json

import numpy as np
import pytest

import textrnn
from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.config.signatures import with_options
from textrnn.inference.sampling import SamplingOptions


@dataclasses.dataclass
class Options:
    """Options.

    Args:
        size: How large,
            in metres.
        name: What it is called.
    """

    size: int = 3
    name: str | None = None


def test_options_stand_in_signature_and_docstring():
    @with_options(Options)
    def build(place, *, name="x", **options):
        """Builds.

        Args:
            place: Where.
            **options: Options of
                `Options`.

        Returns:
            A house.
        """
        return options

    assert str(inspect.signature(build)) == "(place, *, name='x', size: int = 3)"
    assert inspect.getdoc(build).splitlines()[2:9] == [
        "Args:",
        "    place: Where.",
        "    **options: Options of",
        "        `Options`.",
        "    size: How large, in metres.",
        "",
        "Returns:",
    ]
    assert build("there", size=2) == {"size": 2}


@pytest.mark.parametrize(
    ("function", "config"),
    [
        (textrnn.LanguageModel, NetworkConfig),
        (textrnn.LanguageModel.fit, TrainingConfig),
        (textrnn.LanguageModel.generate, SamplingOptions),
        (textrnn.LanguageModel.stream, SamplingOptions),
    ],
)
def test_help_shows_every_option(function, config):
    parameters = inspect.signature(function).parameters
    assert {field.name for field in dataclasses.fields(config)} <= set(parameters)
    assert not [name for name, parameter in parameters.items() if parameter.kind is parameter.VAR_KEYWORD]


def test_none_is_as_good_as_nothing():
    """What the signature shows as the default may be passed."""
    assert textrnn.LanguageModel(units=None, cell="gru").given == {"cell": "gru"}
    with pytest.raises(textrnn.TextrnnError, match="Pass the text to train on"):
        textrnn.LanguageModel().fit(minutes=None)


def test_numbers_of_numpy_are_numbers():
    model = textrnn.LanguageModel(
        units=np.array([4, 6]), dropout=np.float32(0.5), cell=np.str_("gru"), max_length=np.int64(9)
    )
    assert model.config.to_dict()["units"] == (4, 6)
    assert json.loads(json.dumps(model.config.to_dict()))["max_length"] == 9
    assert textrnn.LanguageModel(units=[np.int32(4)]).config.units == (4,)
