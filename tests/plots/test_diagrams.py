"""Diagrams: what stands in them, that nothing lies on anything else, and the files."""

import dataclasses
import functools
import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch
from matplotlib.transforms import Bbox

import textrnn
from tests.conftest import random_weights
from tests.networks import CONFIGS
from textrnn import TextrnnError, plots
from textrnn.config import NetworkConfig

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name):
    """Returns a diagram by its name."""
    kind, *arguments = name.split(":")
    if kind == "unrolled":
        return plots.unrolled(int(arguments[0]), bidirectional=arguments[1] == "both")
    if kind == "cell":
        return plots.cell(arguments[0])
    return plots.architecture(CONFIGS[kind])


DIAGRAMS = [
    *(f"unrolled:{layers}:{ways}" for layers in range(1, 5) for ways in ("one", "both")),
    *(f"cell:{name}" for name in ("lstm", "gru", "simple_rnn")),
    *CONFIGS,
]
diagrams = pytest.mark.parametrize("name", DIAGRAMS)


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


# That nothing lies on anything else


@dataclasses.dataclass
class Seen:
    """What stands where in a picture, in pixels: texts, boxes and frames by their rectangles, arrows by their lines."""

    sheet: Bbox
    texts: dict[str, Bbox]
    boxes: list[Bbox]
    frames: list[Bbox]
    dots: list[np.ndarray]
    arrows: list[list[np.ndarray]]  # of each its stem, as points that are close together
    bridges: list[bool]  # whether it may cross others

    @classmethod
    def of(cls, figure):
        renderer = FigureCanvasAgg(figure).get_renderer()
        (axes,) = figure.axes
        seen = cls(figure.bbox, {}, [], [], [], [], [])
        for number, text in enumerate(axes.texts):
            seen.texts[f"{number}: {text.get_text()}"] = text.get_window_extent(renderer)
        for patch in axes.patches:
            if isinstance(patch, FancyArrowPatch):
                path = patch.get_transform().transform_path(patch.get_path()).cleaned(curves=False)
                stem = np.concatenate([polygon for polygon in path.to_polygons(closed_only=False)][:1])
                seen.arrows.append(stem)
                seen.bridges.append(bool(patch.get_path_effects()))
            else:
                places = {"box": seen.boxes, "frame": seen.frames}
                extent = patch.get_path().get_extents(patch.get_transform())
                if patch.get_label() == "dot":
                    seen.dots.append(np.array([(extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2]))
                else:
                    places[patch.get_label()].append(extent)
        return seen


@functools.cache
def seen_in(name):
    return Seen.of(drawn(name))


def meet(a, b):
    """Whether two rectangles have an area in common."""
    return min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0)


def within(a, b):
    """Whether the first rectangle lies in the second one."""
    return a.x0 >= b.x0 and a.y0 >= b.y0 and a.x1 <= b.x1 and a.y1 <= b.y1


def shrunk(box, by):
    return Bbox.from_extents(box.x0 + by, box.y0 + by, box.x1 - by, box.y1 - by)


def along(line):
    """Returns points of a line, at most a pixel apart."""
    parts = [np.linspace(a, b, 2 + int(np.abs(b - a).max())) for a, b in itertools.pairwise(line)]
    return np.concatenate(parts)


def cross(first, second):
    """Whether two lines cross, each with points on both sides of the other; to touch is not to cross."""
    (a, b), (c, d) = ((line[:-1, None], line[1:, None]) for line in (first, second))
    c, d = c.swapaxes(0, 1), d.swapaxes(0, 1)

    def side(p, q, r):  # how far r lies to the left of the way from p to q
        along, away = q - p, r - p
        return (along[..., 0] * away[..., 1] - along[..., 1] * away[..., 0]) / np.hypot(along[..., 0], along[..., 1])

    with np.errstate(invalid="ignore"):
        sides = np.stack([side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)])
    is_clear = (np.abs(sides) > 1).all(axis=0)  # by a pixel
    return bool((is_clear & (sides[0] * sides[1] < 0) & (sides[2] * sides[3] < 0)).any())


@diagrams
def test_nothing_lies_on_anything_else(name):
    seen = seen_in(name)
    for (one, a), (other, b) in itertools.combinations(seen.texts.items(), 2):
        assert not meet(a, b), f"{one} lies on {other}"
    for text, extent in seen.texts.items():
        assert within(extent, seen.sheet), f"{text} leaves the sheet"
        for box in [*seen.boxes, *seen.frames]:
            assert within(extent, box) or not meet(extent, box), f"{text} crosses the border of a box"
        for arrow in seen.arrows:
            points = along(arrow)
            inside = (points > extent.min).all(axis=1) & (points < extent.max).all(axis=1)
            assert not inside.any(), f"an arrow crosses {text}"
    for a, b in itertools.combinations(seen.boxes, 2):
        assert not meet(a, b), "two boxes overlap"
    for a, b in itertools.combinations(seen.frames, 2):
        assert not meet(a, b), "two frames overlap"
    for box, frame in itertools.product(seen.boxes, seen.frames):
        assert within(box, frame) or not meet(box, frame), "a box crosses the border of a frame"


@diagrams
def test_arrows_keep_clear_of_boxes_and_of_one_another(name):
    seen = seen_in(name)
    for box, arrow in itertools.product(seen.boxes, seen.arrows):
        points = along(arrow)
        inner = shrunk(box, 2)
        assert not ((points > inner.min) & (points < inner.max)).all(axis=1).any(), "an arrow crosses a box"
    for (a, one), (b, other) in itertools.combinations(zip(seen.arrows, seen.bridges, strict=True), 2):
        assert one or other or not cross(a, b), "two arrows cross"


def test_the_check_finds_what_overlaps():
    """It sees a text on another, on a border and under an arrow, and two arrows that cross."""
    from textrnn.plots.drawing import Diagram

    def broken(draw):
        diagram = Diagram(4, 2, "")
        draw(diagram)
        seen = Seen.of(diagram.figure)
        texts = list(seen.texts.values())
        return [
            any(meet(a, b) for a, b in itertools.combinations(texts, 2)),
            any(meet(a, box) and not within(a, box) for a in texts for box in seen.boxes),
            any(
                ((along(arrow) > a.min) & (along(arrow) < a.max)).all(axis=1).any()
                for a in texts
                for arrow in seen.arrows
            ),
            any(cross(a, b) for a, b in itertools.combinations(seen.arrows, 2)),
        ]

    assert broken(lambda d: (d.text(1, 1, "one"), d.text(1.1, 1, "two"))) == [True, False, False, False]
    assert broken(lambda d: d.box(1, 1, 0.4, 0.4, "too long")) == [False, True, False, False]
    assert broken(lambda d: (d.text(1, 1, "one"), d.arrow((0, 1), (2, 1)))) == [False, False, True, False]
    assert broken(lambda d: (d.arrow((1, 0), (1, 2)), d.arrow((0, 1), (2, 1)))) == [False, False, False, True]
    assert broken(lambda d: (d.arrow((1, 0), (1, 1)), d.arrow((0, 1), (2, 1)))) == [False] * 4  # it only touches


# What stands in them


def test_a_network_is_unrolled_with_all_its_names():
    texts = texts_of(plots.unrolled())
    steps = ("t-1", "t", "t+1")
    expected = [f"${name}_{{{step}}}$" for name in "xhy" for step in ("t", *steps)]
    expected += ["$W_{xh}$"] * 4 + ["$W_{hy}$"] * 4 + ["$W_{hh}$"] * 3 + [f"step ${step}$" for step in steps]
    expected += ["folded", "unrolled in time", "input layer", "hidden layer", "output layer"]
    for text in set(expected):
        assert texts.count(text) == expected.count(text), text


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_layer_and_direction_has_its_own_states_and_weights(layers, bidirectional):
    texts = " ".join(texts_of(plots.unrolled(layers, bidirectional)))
    for layer in range(1, layers + 1):
        power = f"^{{\\,({layer})}}" if layers > 1 else ""
        for name in ("\\overrightarrow{%s}", "\\overleftarrow{%s}") if bidirectional else ("%s",):
            for letter, index in (("h", "t-1"), ("h", "t+1"), ("W", "xh"), ("W", "hh")):
                assert f"{name % letter}_{{{index}}}{power}" in texts
    assert ("hidden layer 2" in texts) == (layers > 1)


@pytest.mark.parametrize(
    ("name", "labels", "signs"),
    [
        ("lstm", ["forget gate", "input gate", "candidate", "output gate", "$f_t$", "$i_t$", "$g_t$", "$o_t$",
                  "$c_{t-1}$", "$c_t$", "$h_{t-1}$", "$h_t$", "$x_t$"],
         {"$\\times$": 3, "$+$": 1, "$\\sigma$": 3, "tanh": 2}),
        ("gru", ["update gate", "reset gate", "$z_t$", "$r_t$", "$n_t$", "$W_{hn}$", "$W_{xn}$", "$h_{t-1}$", "$h_t$",
                 "$x_t$"], {"$\\times$": 3, "$+$": 2, "$1-$": 1, "$\\sigma$": 2, "tanh": 1}),
        ("simple_rnn", ["$W_{xh}$", "$W_{hh}$", "$h_{t-1}$", "$h_t$", "$x_t$"], {"$\\times$": 0, "$+$": 1, "tanh": 1}),
    ],
)  # fmt: skip
def test_a_cell_has_its_gates_states_and_signs(name, labels, signs):
    texts = texts_of(plots.cell(name))
    for label in labels:
        assert label in texts
    for sign, count in signs.items():
        in_key = sign in ("$\\times$", "$+$")
        assert texts.count(sign) == count + in_key, sign


def test_a_language_model_shows_its_sizes():
    config = NetworkConfig(
        vocabulary_size=1000, units=(30, 20), embedding_dim=10, input_dropout=0.1, weight_drop=0.5, tie_weights=True
    )
    texts = texts_of(plots.architecture(config))
    recurrent = [4 * 30 * (10 + 30 + 1), 4 * 20 * (30 + 20 + 1)]
    for expected in (
        "vocabulary of 1,000", "1,000 × 10", "10,000 weights", "30 units", "20 units", "weight drop 0.5", "dropout 0.1",
        "dropout 0.2", *(f"{count:,} weights" for count in recurrent), "20 → 10", "200 weights", "10 → 1,000",
        "1,000 weights", "one matrix", f"language-model: {10_000 + sum(recurrent) + 200 + 1000:,} weights",
    ):  # fmt: skip
        assert expected in texts


def test_a_translator_shows_attention_and_both_sides():
    texts = texts_of(plots.architecture(CONFIGS["translator of 4 and 4"]))
    assert texts.count("LSTM layer") == 8
    assert {"encoder", "decoder", "attention", "bridge", "query: 128", "context: 128", "8 tanh layers"} <= set(texts)
    assert texts.count("64 units forward, 64 backward") == 4
    assert texts.count("one matrix") == 2


def test_a_classifier_shows_its_linear_part():
    texts = texts_of(plots.architecture(CONFIGS["classifier of 2"]))
    assert {"linear classifier", "50% of it linear", "max, mean, attention", "word dropout 0.1"} <= set(texts)
    assert "linear classifier" not in texts_of(plots.architecture(CONFIGS["classifier of images"]))


def test_a_model_is_drawn_trained_or_not(tmp_path):
    model = textrnn.LanguageModel(units=(8,))
    assert any(text.startswith("not fitted yet") for text in texts_of(plots.architecture(model)))
    model.weights = random_weights(model.config)
    assert not any(text.startswith("not fitted yet") for text in texts_of(plots.architecture(model)))
    for task in (textrnn.Translator(), textrnn.Classifier(), textrnn.Forecaster()):
        assert task.kind in texts_of(plots.architecture(task))[-2]


# Files

SAMPLES = ["unrolled:2:both", "cell:gru", "translator of 1 and 2", "classifier of 1", "forecaster of 1 and a calendar"]
samples = pytest.mark.parametrize("name", SAMPLES)


@samples
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_files_are_the_same_every_time(name, suffix, tmp_path):
    from textrnn.plots.files import save

    for number in (1, 2):
        save(drawn(name), tmp_path / f"{number}{suffix}")
    first, second = ((tmp_path / f"{number}{suffix}").read_bytes() for number in (1, 2))
    assert first == second
    assert b"dc:date" not in first
    assert b"matplotlib.org" not in first


def test_a_picture_without_a_place(tmp_path):
    with pytest.raises(
        TextrnnError, match=r"nowhere/a.png: cannot be written: No such file .*a directory that is there"
    ):
        plots.cell("lstm", path=tmp_path / "nowhere" / "a.png")
    with pytest.raises(TextrnnError, match="'': pictures are written as PNG or SVG"):
        plots.cell("lstm", path="")


@samples
def test_an_svg_is_valid_and_keeps_its_text(name, tmp_path):
    figure = drawn(name)
    from textrnn.plots.files import save

    save(figure, tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert root.tag == f"{SVG}svg"
    written = ["".join("".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")]
    for text in texts_of(figure):
        if "$" not in text:
            assert "".join(text.split()) in written
    assert root.find(f"{SVG}title").text == figure.get_label()
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_formulas_are_text_too(tmp_path):
    plots.unrolled(path=tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    written = {"".join("".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")}
    assert {"xt−1", "ht", "yt+1", "Wxh", "Whh", "Why"} <= written


def test_pictures_are_black_and_white(tmp_path):
    from matplotlib.image import imread

    for name in SAMPLES:
        FigureCanvasAgg(figure := drawn(name))
        figure.savefig(tmp_path / "x.png")
        picture = imread(tmp_path / "x.png")
        assert (picture[..., 0] == picture[..., 1]).all()
        assert (picture[..., 1] == picture[..., 2]).all()


def test_the_suffix_decides(tmp_path):
    plots.cell("lstm", tmp_path / "x.PNG")
    assert (tmp_path / "x.PNG").read_bytes().startswith(b"\x89PNG")
    for draw in (plots.unrolled, lambda path: plots.cell("gru", path)):
        for name in ("x.pdf", "x", "x.svgz"):
            with pytest.raises(TextrnnError, match="Name a file that ends in .png or .svg"):
                draw(path=tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["x.PNG"]


def test_a_users_settings_change_nothing(tmp_path):
    import matplotlib

    plots.unrolled(path=tmp_path / "1.svg")
    with matplotlib.rc_context(
        {"font.family": "serif", "font.size": 20, "mathtext.fontset": "cm", "svg.fonttype": "path"}
    ):
        plots.unrolled(path=tmp_path / "2.svg")
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


# Bad arguments


@pytest.mark.parametrize("layers", [0, 5, 2.0, "2", True, None])
def test_other_numbers_of_layers_are_refused(layers):
    with pytest.raises(TextrnnError, match="`num_layers` must be a whole number at least 1 and at most 4"):
        plots.unrolled(layers)


def test_a_direction_is_true_or_false():
    with pytest.raises(TextrnnError, match="`bidirectional` must be true or false. Received: 'both'"):
        plots.unrolled(1, "both")


def test_other_cells_are_refused():
    with pytest.raises(TextrnnError, match="`name` must be one of .*'lstm'.* Received: 'ltsm'. Did you mean 'lstm'?"):
        plots.cell("ltsm")


@pytest.mark.parametrize("model", [None, "shakespeare", 3, textrnn.config.TrainingConfig()])
def test_only_models_have_an_architecture(model):
    with pytest.raises(TextrnnError, match="`model` must be a model, such as .*, or the config of one. Received: "):
        plots.architecture(model)
