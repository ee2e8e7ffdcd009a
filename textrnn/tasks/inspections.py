"""What goes on inside a language model: at each token, in each unit, and which tokens it takes to be alike."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textrnn.config import NetworkConfig
from textrnn.errors import TextrnnError
from textrnn.inference.inspection import PredictedText, predicted_text
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.neighbours import Neighbour, neighbours
from textrnn.preprocessing import corpora
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.tasks.training_text import documents_of

if TYPE_CHECKING:
    from textrnn.evaluation.properties import Property
    from textrnn.evaluation.units import UnitSearch

__all__ = ["Inspector"]


class Inspector:
    """The part of a language model that shows what goes on inside."""

    config: NetworkConfig

    @property
    def network(self) -> RecurrentNetwork:
        """The network with the current weights."""
        raise NotImplementedError

    def _trained_tokenizer(self) -> Tokenizer:
        raise NotImplementedError

    def _as_known(self, text: str) -> str:
        raise NotImplementedError

    def _beginning(self) -> list[int]:
        raise NotImplementedError

    def inspect(self, text: str) -> PredictedText:
        """Reads a text and returns what goes on: probabilities and alternatives, hidden and cell states, gates.

        Example:

            found = model.inspect("To be or not to be")
            print(found)                                # each token, how probable it was, and what else was
            found.layers[0].gates["forget"].shape       # (num_tokens, units)
            plots.surprise(found, "surprise.png")
            plots.neuron(found, layer=0, unit=7, path="unit.png")

        Args:
            text: A text of 10,000 tokens at most; a document, if the model knows documents.

        Raises:
            TextrnnError: If the text is empty or too long, or the model not trained or bidirectional.
        """
        network = self.network
        if not isinstance(text, str):
            raise TextrnnError(f"`text` must be a string. Received: {text!r:.60}.")
        if self.config.bidirectional:
            raise TextrnnError("A bidirectional network has no state of a text up to a token, so none is shown.")
        return predicted_text(network, self._trained_tokenizer(), self._as_known(text), self._beginning())

    def find_units(
        self,
        text: str | Iterable[str] | corpora.Corpus,
        follows: "str | Property | Sequence[str | Property]",
        *,
        number: int = 5,
        num_controls: int = 99,
        seed: int = 0,
    ) -> "UnitSearch | list[UnitSearch]":
        """Searches for units that follow a property of the text, such as being inside quotation marks.

        Units are chosen on the first half of the text by Pearson's correlation and judged on the second half, beside
        the same search for the property shifted to other places.

        Example:

            print(model.find_units(corpora.read("novel.txt"), "quotes"))
            model.find_units(text, lambda text: [character in "aeiou" for character in text])

        Args:
            text: A text or corpus, which is cut into what are documents to this model, or a list of documents; some
                ten thousand tokens tell more than some hundred.
            follows: "quotes", "line_position", "upper_case", "bracket_depth", or a function that returns a number for
                each character of a text; or a list of such.
            number: How many units to name.
            num_controls: How many times to search for the shifted property.
            seed: Fixes the distances of the shifts.

        Returns:
            What was found, or a list of that if `follows` is one.

        Raises:
            TextrnnError: If the text is too short, a property is unknown or never changes, or the model not trained or
                bidirectional.
        """
        from textrnn.evaluation.units import find_units

        network = self.network
        texts = documents_of(self.config, text)
        is_one = isinstance(follows, str) or callable(follows)
        wanted: Any = [follows] if is_one else follows
        found = find_units(
            network,
            self._trained_tokenizer(),
            [self._as_known(one) for one in texts],
            self._beginning(),
            list(wanted),
            number=number,
            num_controls=num_controls,
            seed=seed,
        )
        return found[0] if is_one else found

    def neighbours(self, token: str, number: int = 10) -> list[Neighbour]:
        """Returns the tokens whose vectors are most like that of a token, as pairs of text and cosine similarity.

        Args:
            token: The text of a token: a word, a character, or a part of a word, as the model's level has it.
            number: How many.

        Raises:
            TextrnnError: If that is no token of the vocabulary, or the model not trained.
        """
        return neighbours(self.network.embeddings, self._trained_tokenizer(), token, number)
