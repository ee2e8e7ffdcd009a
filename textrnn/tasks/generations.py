"""How a language model writes: whole texts, streams, candidates for the next token, and only what is new."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from textrnn.config import NetworkConfig
from textrnn.config.signatures import with_options
from textrnn.errors import TextrnnError, check_options, check_range
from textrnn.inference.candidates import NextToken, next_tokens, next_words
from textrnn.inference.generation import Choice, Piece, generate
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.prompts import Prompt, make_prompt, without_unfinished_word
from textrnn.inference.sampling import SamplingOptions
from textrnn.preprocessing.files import as_read
from textrnn.preprocessing.tokenizers import BOS_ID, Tokenizer, WordTokenizer

if TYPE_CHECKING:
    from textrnn.evaluation.memorisation import NgramFilter

__all__ = ["Generation", "Writer", "described"]

MAX_ATTEMPTS = 20  # to draw a sample that is new


@dataclasses.dataclass(frozen=True)
class Generation:
    """A generated text.

    Args:
        prompt: What it continues.
        text: Prompt and continuation.
        finish_reason: "length", "stop" or "eos".
        token_ids: The generated tokens.
        choices: For each of them its probability and the alternatives, if they were asked for.
        unknown: The parts of the prompt that the vocabulary does not hold.
    """

    prompt: str
    text: str
    finish_reason: str
    token_ids: tuple[int, ...]
    choices: tuple[Choice, ...] = ()
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


def described(config: NetworkConfig, level: str, facts: dict[str, Any], is_trained: bool) -> str:
    """Returns what a model is, in one line: level, vocabulary, network, size, documents and how far it is trained."""
    size = sum(math.prod(shape) for shape in config.weight_shapes().values())
    network = f"{config.cell} {'+'.join(map(str, config.units))}{' bidirectional' * config.bidirectional}"
    units: dict[str | None, str] = {None: "running text", "line": "one line a document", "file": "one file a document"}
    trained = f"trained on {facts['training_tokens']:,} tokens" if "training_tokens" in facts else "trained"
    return (
        f"<LanguageModel: {level}, vocabulary {config.vocabulary_size:,}, {network}, {size:,} weights, "
        f"{units.get(config.documents, 'documents')}, {trained if is_trained else 'not trained'}>"
    )


class Writer:
    """The part of a language model that writes; what it writes with is the model's."""

    config: NetworkConfig

    @property
    def network(self) -> RecurrentNetwork:
        """The network with the current weights."""
        raise NotImplementedError

    def _trained_tokenizer(self) -> Tokenizer:
        raise NotImplementedError

    def _ngram_filter(self) -> "NgramFilter":
        raise NotImplementedError

    @with_options(SamplingOptions)
    def generate(
        self,
        prompt: str | Sequence[str] = "",
        *,
        num_samples: int = 1,
        new_only: bool = False,
        unique: bool = False,
        **options: Any,
    ) -> str | list[str] | list[list[str]]:
        """Continues a prompt.

        Args:
            prompt: The text to continue, or a list of texts. It may end with a space or within a word.
            num_samples: How many texts to make for each prompt.
            new_only: Whether texts that stand in the training text are drawn again, as far as its record can tell.
            unique: Whether texts that were drawn before for the same prompt are drawn again.
            **options: Options of `textrnn.inference.sampling.SamplingOptions`, such as `max_tokens`, `temperature`,
                `top_p` or `seed`.

        Returns:
            Prompt and continuation as one string; a list of them for several samples, and a list over the prompts if
            `prompt` is a list. The lists are shorter where `new_only` or `unique` found fewer texts in 20 attempts.

        Raises:
            TextrnnError: If an option is wrong, the model not trained or bidirectional, or no text new.
        """
        prompts = [prompt] if isinstance(prompt, str) else prompt
        results = self.generations(prompts, num_samples=num_samples, new_only=new_only, unique=unique, **options)
        texts = [group[0].text if num_samples == 1 else [item.text for item in group] for group in results]
        return texts[0] if isinstance(prompt, str) else texts  # type: ignore[return-value]

    @with_options(SamplingOptions)
    def generations(
        self,
        prompts: Sequence[str],
        *,
        num_samples: int = 1,
        explain: bool = False,
        new_only: bool = False,
        unique: bool = False,
        first_samples: Sequence[int] = (),
        **options: Any,
    ) -> list[list[Generation]]:
        """Continues prompts in one batch; returns for each prompt a list of `num_samples` generations.

        Args:
            prompts: The texts to continue.
            num_samples: How many texts to make for each.
            explain: Whether to tell each token's probability and its alternatives.
            new_only: Whether texts that stand in the training text are drawn again, as far as its record can tell.
            unique: Whether texts that were drawn before for the same prompt are drawn again.
            first_samples: For each prompt the number of its first sample: with the same seed, the same prompt gets
                other texts at other numbers. By default 0 for all.
            **options: Options of `SamplingOptions`.

        Returns:
            The generations; fewer where `new_only` or `unique` found no more in 20 attempts.

        Raises:
            TextrnnError: If an option is wrong, or no text for a prompt is new.
        """
        if isinstance(prompts, str) or not isinstance(prompts, Iterable):
            raise TextrnnError(f"`prompts` must be a list of strings. Received: {prompts!r}.")
        prompts = list(prompts)
        check_range("num_samples", num_samples, 1, 100_000, whole=True)
        sampling = sampling_options(options)
        if not prompts:
            return []
        ngrams = self._record_of_documents() if new_only else None
        first = list(first_samples) or [0] * len(prompts)
        if len(first) != len(prompts):
            raise TextrnnError(
                f"`first_samples` has {len(first)} numbers for {len(prompts)} prompts. Pass one for each."
            )
        groups = self._drawn(prompts, range(num_samples), sampling, explain, first)
        if not (new_only or unique):
            return groups
        return [
            self._selected(group, sampling, explain, ngrams, unique, number)
            for group, number in zip(groups, first, strict=True)
        ]

    def _record_of_documents(self) -> "NgramFilter":
        ngrams = self._ngram_filter()
        if not ngrams.has_documents and self.config.documents is not None:
            raise TextrnnError(
                "This model keeps no record of its training documents, so it cannot tell which texts are new. "
                "Train it again with this textrnn, or leave out `new_only`."
            )
        return ngrams

    def _drawn(
        self,
        prompts: list[str],
        samples: Sequence[int],
        options: SamplingOptions,
        explain: bool,
        first_samples: Sequence[int],
        attempt: int = 0,
    ) -> list[list[Generation]]:
        """Draws the samples of these numbers for each prompt, counted from the number of its first one."""
        pieces = self._pieces(prompts, options, samples, attempt, explain, first_samples)
        collected: list[list[Piece]] = [[] for _ in range(len(prompts) * len(samples))]
        for piece in pieces:
            collected[piece.sequence].append(piece)
        unknown = [self.unknown_in_prompt(prompt) for prompt in prompts]
        size = len(samples)
        results = [
            finished(prompts[index // size], parts, unknown[index // size]) for index, parts in enumerate(collected)
        ]
        return [results[start : start + size] for start in range(0, len(results), size)]

    def _selected(
        self,
        group: list[Generation],
        options: SamplingOptions,
        explain: bool,
        ngrams: "NgramFilter | None",
        unique: bool,
        first_sample: int,
    ) -> list[Generation]:
        """Draws the samples of one prompt again until each is what is wanted, or leaves them out."""
        chosen: dict[int, Generation] = {}
        seen: set[str] = set()
        prompt, drawn = group[0].prompt, dict(enumerate(group))
        for attempt in range(1, MAX_ATTEMPTS + 1):
            for sample, generation in drawn.items():
                text = generation.text.strip()
                if not (unique and text in seen) and not (ngrams is not None and ngrams.holds(text)):
                    chosen[sample] = generation
                    seen.add(text)
            missing = [sample for sample in range(len(group)) if sample not in chosen]
            if not missing or attempt == MAX_ATTEMPTS:
                break
            again = self._drawn([prompt], missing, options, explain, [first_sample], attempt)[0]
            drawn = dict(zip(missing, again, strict=True))
        if not chosen:
            raise TextrnnError(
                f"Each of {MAX_ATTEMPTS} attempts wrote a text that stands in the training text. "
                "Raise `temperature` or `top_p`, or pass another prompt."
            )
        return [chosen[sample] for sample in sorted(chosen)]

    @with_options(SamplingOptions)
    def stream(self, prompt: str = "", **options: Any) -> Iterator[str]:
        """Returns an iterator over the prompt and then each part of its continuation, as soon as it is certain.

        Args:
            prompt: The text to continue.
            **options: Options of `SamplingOptions`.
        """
        # Wrong options fail here, before anything is printed.
        pieces = self._pieces([prompt], sampling_options(options), (0,), 0, False)
        return itertools.chain([prompt], (piece.text for piece in pieces))

    def next_tokens(self, prompt: str, number: int = 10) -> list[NextToken]:
        """Returns the most probable tokens after a prompt.

        Args:
            prompt: The text before them. Where it ends with a space or within a word, the tokens go on from there.
            number: How many.

        Returns:
            Pairs of a text and its probability, the most probable first.
        """
        check_range("number", number, 1, 1_000_000, whole=True)
        return next_tokens(self.network, self._trained_tokenizer(), self._prompt(prompt), number)

    def next_words(self, prompt: str, number: int = 10) -> list[NextToken]:
        """Returns the most probable words after a prompt, or what would complete its last one; see `next_tokens`.

        Their probabilities come from a search that keeps the best beginnings, so they add up to less than 1.
        """
        check_range("number", number, 1, 1000, whole=True)
        return next_words(self.network, self._trained_tokenizer(), self._prompt(prompt), number)

    def _pieces(
        self,
        prompts: list[str],
        options: SamplingOptions,
        samples: Sequence[int],
        attempt: int,
        explain: bool,
        first_samples: Sequence[int] = (),
    ) -> Iterator[Piece]:
        read = [self._prompt(prompt) for prompt in prompts]
        network, tokenizer = self.network, self._trained_tokenizer()
        return generate(network, tokenizer, read, options, samples, attempt, explain, first_samples)

    def _prompt(self, text: str) -> Prompt:
        if not isinstance(text, str):
            raise TextrnnError(f"A prompt must be a string. Received: {text!r}.")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise TextrnnError(f"The prompt holds half a character, at position {error.start + 1}.") from error
        return make_prompt(self._trained_tokenizer(), self._beginning(), self._as_known(text))

    def _as_known(self, text: str) -> str:
        """Returns a text as training reads it, with quotation marks and dashes that the vocabulary knows."""
        return self._trained_tokenizer().with_known_marks(as_read(text))

    def _beginning(self) -> list[int]:
        """Returns the tokens before a prompt: the mark that begins a document, or a newline in running text."""
        return self._trained_tokenizer().beginning(self.config.beginning)

    def prompt_ids(self, prompt: str) -> list[int]:
        r"""Returns the token ids from which a prompt is continued: what begins a document, then the prompt.

        The prompt is read as training reads a file: as NFC, with `\n` as line end.
        """
        encoded = self._trained_tokenizer().encode(self._as_known(prompt)).tolist()
        return [*self._beginning(), *encoded] or [BOS_ID]

    def unknown_tokens(self, text: str) -> list[str]:
        """Returns the parts of a text that the vocabulary does not hold; empty for subwords."""
        return self._trained_tokenizer().unknown_tokens(self._as_known(text))

    def unknown_in_prompt(self, text: str) -> tuple[str, ...]:
        """Returns the parts of a prompt that are unknown, but for a last word that longer ones begin with."""
        tokenizer, text = self._trained_tokenizer(), self._as_known(text)
        if isinstance(tokenizer, WordTokenizer):
            text, _ = without_unfinished_word(tokenizer, text)
        return tuple(tokenizer.unknown_tokens(text))


def sampling_options(options: dict[str, Any]) -> SamplingOptions:
    """Returns the options of a caller."""
    check_options(options, [field.name for field in dataclasses.fields(SamplingOptions)], "generate")
    return SamplingOptions(**options)


def finished(prompt: str, pieces: list[Piece], unknown: tuple[str, ...]) -> Generation:
    """Puts the pieces of one sequence together."""
    return Generation(
        prompt,
        prompt + "".join(piece.text for piece in pieces),
        pieces[-1].finish_reason or "length",
        tuple(piece.token_id for piece in pieces if piece.token_id is not None),
        tuple(piece.choice for piece in pieces if piece.choice is not None),
        unknown,
    )
