"""What goes on inside a network while it reads: states, gates, and what it expected at each token.

The recorder takes the same steps as the engine, one after the other, and keeps what they pass on; gates are computed
afterwards from that. Generating and scoring never come here.
"""

import dataclasses
import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_choice, check_range
from textrnn.inference.cells import SimpleRNNCell
from textrnn.inference.generation import NUM_ALTERNATIVES, Choice
from textrnn.inference.sampling import log_softmax
from textrnn.inference.stack import RecurrentStack, States
from textrnn.inference.threads import on_one_blas_thread
from textrnn.preprocessing.spans import token_ends
from textrnn.preprocessing.tokenizers import Tokenizer

__all__ = [
    "MOST_TOKENS",
    "Activity",
    "Inspection",
    "PredictedText",
    "ReadText",
    "inspected",
    "predicted_text",
    "record",
]

MOST_TOKENS = 10_000  # whose states and gates are kept at once: 24 KB for each token of a layer of 1,024 units
STEPS_AT_ONCE = 256  # whose logits are there at once


@dataclasses.dataclass(frozen=True, eq=False)
class Activity:
    """What one layer did at each token, in one direction.

    Args:
        layer: Number of the layer, 0 for the first.
        is_backward: Whether it reads from the end to the beginning.
        hidden: Its output after each token, before any normalisation, shape `(..., time, units)`.
        cell: The cell state of an LSTM, the same shape; None for the other cells.
        gates: By name the same shape: "input", "forget", "output" and "candidate" of an LSTM, "update", "reset" and
            "candidate" of a GRU; gates go from 0 to 1, candidates from -1 to 1.
    """

    layer: int
    is_backward: bool
    hidden: np.ndarray
    cell: np.ndarray | None
    gates: dict[str, np.ndarray]

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """All that was recorded, by name: "hidden", "cell" if there is one, and the gates."""
        cell = {} if self.cell is None else {"cell": self.cell}
        return {"hidden": self.hidden, **cell, **self.gates}

    @property
    def name(self) -> str:
        """How people call the layer."""
        return f"layer {self.layer}{' backward' * self.is_backward}"

    def __repr__(self) -> str:
        return f"<{self.name}: {', '.join(self.parts)} of shape {self.hidden.shape}>"


@on_one_blas_thread
def record(
    stack: RecurrentStack, vectors: np.ndarray, states: States | None = None, has_gates: bool = True
) -> tuple[list[Activity], States]:
    """Reads sequences as the engine does and records what each layer and direction does at each step.

    Args:
        stack: The layers.
        vectors: What the first layer is given, shape `(batch, time, size)`, without padding.
        states: What the call before returned; None begins anew. Layers that read backwards always begin anew.
        has_gates: Whether gates are recorded too.

    Returns:
        For each layer, and each of its directions, the activity, with arrays of shape `(batch, time, units)`; and the
        states of the forward direction to carry on with.
    """
    states = stack.initial_states(len(vectors)) if states is None else states
    activities, last, hidden = [], [], vectors
    for layer, cells in enumerate(stack.cells):
        for number, cell in enumerate(cells):
            begin = stack.initial_states(len(vectors))[layer] if number else states[layer]
            projected = cell.project(hidden)
            kept = kept_states(cell, projected, begin, backwards=number == 1)
            gates = {}
            if has_gates:
                gates = gates_of(cell, projected, outputs_before(kept[0], begin[0], backwards=number == 1))
            activities.append(Activity(layer, number == 1, kept[0], kept[1] if len(kept) > 1 else None, gates))
            if not number:
                last.append([state[:, -1] for state in kept])
        outputs = [activity.hidden for activity in activities[-len(cells) :]]
        hidden = stack.normalize(layer, np.concatenate(outputs, axis=-1))
    return activities, last


def kept_states(
    cell: SimpleRNNCell, projected: np.ndarray, states: list[np.ndarray], backwards: bool
) -> list[np.ndarray]:
    """Runs a cell over whole sequences and returns each of its states after each step, shape `(batch, time, units)`."""
    steps = range(projected.shape[1])
    kept = [np.empty((*projected.shape[:2], state.shape[1]), state.dtype) for state in states]
    for t in reversed(steps) if backwards else steps:
        states = cell.step(projected[:, t], states)
        for array, state in zip(kept, states, strict=True):
            array[:, t] = state
    return kept


def outputs_before(hidden: np.ndarray, first: np.ndarray, backwards: bool) -> np.ndarray:
    """Returns what each step was given of the step before it, shape `(batch, time, units)`."""
    if backwards:
        return np.concatenate([hidden[:, 1:], first[:, np.newaxis]], axis=1)
    return np.concatenate([first[:, np.newaxis], hidden[:, :-1]], axis=1)


def gates_of(cell: SimpleRNNCell, projected: np.ndarray, before: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the gates of all steps at once, shape `(batch, time, units)`."""
    rows = [array.reshape(-1, array.shape[-1]) for array in (projected, before)]
    return {name: gate.reshape(before.shape) for name, gate in cell.gates(*rows).items()}


@dataclasses.dataclass(frozen=True, eq=False)
class Inspection:
    """A text and what the layers of a network did while they read it.

    Args:
        text: The text, as the network reads it.
        tokens: What people see of each token.
        ends: Where each token ends in the text; it begins where the one before it ends.
        layers: The activity of each layer, and of each of its directions, with arrays of shape `(num_tokens, units)`.
    """

    text: str
    tokens: tuple[str, ...]
    ends: np.ndarray
    layers: tuple[Activity, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    def activation(self, layer: int, unit: int, part: str = "hidden") -> np.ndarray:
        """Returns what one unit did at each token, shape `(num_tokens,)`.

        Args:
            layer: Place in `layers`, 0 for the first; -1 is the last one.
            unit: Number of the unit, 0 for the first.
            part: "hidden", "cell", or the name of a gate.

        Raises:
            TextrnnError: If there is no such layer, unit or part.
        """
        check_range("layer", layer, -len(self.layers), len(self.layers) - 1, whole=True)
        parts = self.layers[layer].parts
        check_choice("part", part, parts)
        check_range("unit", unit, 0, parts[part].shape[1] - 1, whole=True)
        return np.asarray(parts[part][:, unit])


@dataclasses.dataclass(frozen=True, eq=False)
class PredictedText(Inspection):
    """What went on inside a language model while it read a text.

    Args:
        choices: Each token with its probability given the tokens before it, and the most probable others. The first
            token's probability is NaN if nothing is read before a text.
    """

    choices: tuple[Choice, ...]

    @property
    def probabilities(self) -> np.ndarray:
        """The probability of each token given those before it, shape `(num_tokens,)`."""
        return np.array([choice.probability for choice in self.choices])

    @property
    def surprise(self) -> np.ndarray:
        """What each token told that was not expected, in bits: `-log2` of its probability, shape `(num_tokens,)`."""
        return np.asarray(-np.log2(np.maximum(self.probabilities, 1e-300)))

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold: all but states and gates."""
        return {"text": self.text, "tokens": [dataclasses.asdict(choice) for choice in self.choices]}

    def __str__(self) -> str:
        width = min(max((len(repr(token)) for token in self.tokens), default=0), 24)
        lines = [f"{'token':>{width}}  probability  bits   others"]
        for choice, bits in zip(self.choices, self.surprise, strict=True):
            others = "  ".join(f"{text!r} {100 * probability:.1f}%" for text, probability in choice.alternatives)
            lines.append(f"{choice.token!r:>{width}}  {100 * choice.probability:10.2f}%  {bits:4.1f}   {others}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Returns the text for a notebook, the darker the more surprising; pointing at a token tells more."""
        pieces, begin = [], 0
        most = max(float(np.nanmax(self.surprise, initial=0.0)), 1e-9)
        for end, choice, bits in zip(self.ends, self.choices, self.surprise, strict=True):
            strength = 0.0 if math.isnan(bits) else bits / most
            others = ", ".join(f"{text!r} {100 * probability:.0f}%" for text, probability in choice.alternatives)
            title = html.escape(f"{choice.token!r}: {bits:.1f} bits; else {others}")
            style = f"background: rgba(230, 110, 40, {strength:.2f})"
            pieces.append(f'<span style="{style}" title="{title}">{html.escape(self.text[begin:end])}</span>')
            begin = int(end)
        return f'<div style="white-space: pre-wrap; line-height: 1.6">{"".join(pieces)}</div>'


@dataclasses.dataclass(frozen=True, eq=False)
class ReadText(Inspection):
    """What went on inside a classifier while it read a text.

    Args:
        labels: The classes.
        probabilities: How probable each class would be if the text ended after each token, shape
            `(num_tokens, num_labels)`; the last row is what `probabilities` of the classifier returns.
        attention: How much each token counts in the "attention" pooling, shape `(num_tokens,)`; None without it.
    """

    labels: tuple[Any, ...]
    probabilities: np.ndarray
    attention: np.ndarray | None = None


def inspected(
    stack: RecurrentStack, embeddings: np.ndarray, tokenizer: Tokenizer, text: str, token_ids: np.ndarray, begin: int
) -> dict[str, Any]:
    """Returns the fields of an `Inspection`.

    Args:
        stack: The layers that read the text.
        embeddings: The vectors of the tokens, shape `(vocabulary_size, embedding_dim)`.
        tokenizer: What has encoded the text.
        text: The text.
        token_ids: What is read, shape `(time,)`.
        begin: How many of them stand before the text.
    """
    size = len(token_ids) - begin
    activities, _ = record(stack, embeddings[token_ids[np.newaxis]])
    layers = [
        Activity(
            one.layer,
            one.is_backward,
            one.hidden[0, begin:],
            None if one.cell is None else one.cell[0, begin:],
            {name: gate[0, begin:] for name, gate in one.gates.items()},
        )
        for one in activities
    ]
    tokens = tuple(tokenizer.token_texts(text)[:size])
    return {"text": text, "tokens": tokens, "ends": token_ends(tokenizer, text)[:size], "layers": tuple(layers)}


def predicted_text(network: Any, tokenizer: Tokenizer, text: str, begin: Sequence[int]) -> PredictedText:
    """Lets a language model read a text and records what goes on.

    Args:
        network: A `RecurrentNetwork` that reads from left to right.
        tokenizer: What the network reads.
        text: The text, in the form in which training reads text.
        begin: The tokens that are read before it; may be none.

    Raises:
        TextrnnError: If the text is empty or too long.
    """
    text = tokenizer.cased(text)
    encoded = tokenizer.encode(text)
    check_length(len(encoded))
    token_ids = np.array([*begin, *encoded], np.int64)
    fields = inspected(network.stack, network.embeddings, tokenizer, text, token_ids, len(begin))
    choices = [] if begin else [Choice(fields["tokens"][0], math.nan)]
    states = network.initial_states(1)
    for start in range(0, len(token_ids) - 1, STEPS_AT_ONCE):
        logits, states = network(token_ids[np.newaxis, start : min(start + STEPS_AT_ONCE, len(token_ids) - 1)], states)
        for place, row in enumerate(log_softmax(logits[0]), start + 1):  # of the token that is predicted
            if place >= len(begin):
                choices.append(choice_of(tokenizer, row, int(token_ids[place]), fields["tokens"][place - len(begin)]))
    return PredictedText(**fields, choices=tuple(choices))


def choice_of(tokenizer: Tokenizer, row: np.ndarray, token_id: int, token: str) -> Choice:
    """Returns what was thought of a token.

    Args:
        tokenizer: What the network reads.
        row: Log-probabilities of all tokens, shape `(vocabulary_size,)`.
        token_id: The token that came.
        token: Its text.
    """
    number = min(NUM_ALTERNATIVES + 1, len(row))
    best = np.argpartition(-row, number - 1)[:number]
    best = best[np.argsort(-row[best], kind="stable")]
    others = [int(other) for other in best if other != token_id][:NUM_ALTERNATIVES]
    alternatives = tuple((tokenizer.token_text(other), math.exp(row[other])) for other in others)
    return Choice(token, math.exp(row[token_id]), alternatives)


def check_length(num_tokens: int) -> None:
    """Raises `TextrnnError` if a text has no tokens or too many to keep all that goes on."""
    if not num_tokens:
        raise TextrnnError("The text is empty. Pass one with at least a token.")
    if num_tokens > MOST_TOKENS:
        raise TextrnnError(
            f"The text has {num_tokens:,} tokens; states and gates are kept of {MOST_TOKENS:,} at most. Pass a part "
            "of it, or search the whole with `find_units`."
        )
