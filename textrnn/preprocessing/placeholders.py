r"""Carries across what is the same in every language: addresses, codes, numbers, tags, names that nobody knows.

In a sentence each such thing gives way to a placeholder, a character that the vocabulary holds and that nobody types;
the translation has the placeholder where the thing belongs. There are two kinds, so that a network knows whether a
number stands there, and each kind is counted from the beginning of the sentence.

>>> [thing for _, _, thing, _ in found_things("Send $19.99 to info@example.org, order AB-12.")]
['$19.99', 'info@example.org', 'AB-12']

Small whole numbers stay: languages count by them ("1 day", "2 days"), and write some of them as words.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from textrnn.preprocessing.pairs import Pairs
from textrnn.preprocessing.splitting import EMAIL, EMOJI, URL
from textrnn.preprocessing.tokenizers import Tokenizer

__all__ = [
    "PLACEHOLDER",
    "PLACEHOLDERS",
    "PlaceholderSampler",
    "Term",
    "Thing",
    "found_things",
    "knows_placeholders",
    "masked",
    "masked_numbers",
    "masked_pair",
    "replaced",
    "restored",
    "with_placeholders",
]

Thing = tuple[int, int, str, bool]  # begin and end in the text, what stands there, whether it is a number


class Term(str):
    """The translation that a glossary asks for; at the beginning of a sentence it gets the sentence's capital."""

    __slots__ = ()


NUM_EACH = 8  # placeholders of a kind; what more there are in a sentence the network sees as it is
THINGS = tuple(chr(0xE000 + number) for number in range(NUM_EACH))
NUMBERS = tuple(chr(0xE010 + number) for number in range(NUM_EACH))
PLACEHOLDERS = THINGS + NUMBERS
PLACEHOLDER = re.compile(f"[{PLACEHOLDERS[0]}-{PLACEHOLDERS[-1]}]")

VARIABLE = r"[$%#]?\{\{?[^{}\n]{0,40}\}?\}|\[\[\w+\]\]|\$[A-Za-z_]\w*|%\(\w+\)[a-z]"
VARIABLE += r"|%(?:\d+\$)?[-+0#]*\d*(?:\.\d+)?[sdifgux@](?:%%|(?!\w))|%%|(?<!\w)__\w+?__(?!\w)"
TAG = r"</?[A-Za-z][^<>\n]{0,200}>"
PHONE = r"(?<![\w.,$€£¥-])(?=\+|\(|\d+-|(?:\d+[ .]){2}\d)(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?"
PHONE += r"\d{2,4}(?:[ .-]\d{2,6}){1,4}(?![\w.,-]*\d)"
FEWEST_DIGITS = 7  # of a telephone number
UNITS = (
    "km/h km² km cm² cm³ cm mm dm nm µm m² m³ m/s m kg mg µg g ml cl dl l L ha kWh MWh Wh kW MW W kV mV V mA kHz MHz "
    "GHz Hz TB GB MB kB KB Mbps kbps dB °C °F ° % mph rpm psi ppm lbs lb oz ft "
    "USD EUR GBP MXN ARS COP CLP PEN JPY CHF CAD AUD BRL CNY INR"
)
CURRENCIES = "$€£¥₹₽₩₺₫₴₦₱฿¢"
MEASURED = rf"(?<![\w.,])[-+−]?\d[\d.,]*(?:/\d+)? (?:{'|'.join(UNITS.split())})(?![\w²³/°-])"
FLIGHT = r"(?<!\w)[A-Z]{2,3} \d{2,5}(?![\w]|[.,:/-]\d)"  # and trains, roads, courses
VERSION = r"(?<=[^.!?…] )[A-Z][A-Za-z]* \d+(?:\.\d+)+(?![\w%])"  # of a program
WHOLE = re.compile(
    "|".join(
        (
            *(URL, EMAIL, VARIABLE, TAG, f"(?P<emoji>(?:{EMOJI})+)"),
            *(f"(?P<measure>{MEASURED})", f"(?P<phone>{PHONE})", f"(?P<flight>{FLIGHT})", VERSION),
        )
    )
)

NAME = re.compile(r"(?<=[^.!?…] )[^\W\d_a-z][^\W\d_]{2,}")  # not at the beginning of a sentence
SHARED = re.compile(r"(?<![\w.,:/'’-])(?:[^\W\d_a-z][^\W\d_]+|\d{1,2})(?![\w'’:/-]|[.,]\d)")

SIGN = re.compile(r"[0-9@#{<%$/\\~\[]|__|\.\w|[^\x00-\u2000]")  # one of them is in every thing

# What stands between spaces, without the marks around it.
CHUNK = re.compile(r"[^\s]+")
AROUND = re.compile(r"[\"'“”‘’«»(\[{<¿¡*]*(.*?)[\"'“”‘’«»)\]}>.,;:!?…*]*", re.DOTALL)
AMOUNT = re.compile(
    rf"[-+−]?(?:[A-Z]{{0,3}}[{CURRENCIES}]|[#№])?\.?\d[\d.,:/'’-]*(?:[-–]\d+)?(?:[{CURRENCIES}%‰°]|°[CF])?"
)
NUMBER = re.compile(r"(?<![\w.,:/-])\d+(?![\w:/-]|[.,]\d)")
PLAIN_NUMBER = re.compile(r"\d{1,2}")
ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|s|am|pm|a\.m|p\.m|º|ª|h)", re.IGNORECASE)
MEASURE = re.compile(r"\d[\d.,]*[a-zA-Zµ°²³/]{1,4}")
MARKED = re.compile(
    r"[@#]\w[\w.-]*|[~.]{0,2}[/\\][\w.][^\s]*|[\w.-]+/|[A-Za-z]:[/\\][^\s]*|[\w.-]+(?:[/\\][\w.-]+)*[/\\][\w-]+\.\w{1,5}"
)
ENDINGS = (
    "com org net edu gov io es uk de fr mx ar eu co info app dev tv biz example test local localhost "  # of hosts
    "pdf doc docx txt jpg jpeg png gif csv xls xlsx zip mp3 mp4 py js html htm json xml exe md tar gz ppt pptx pps svg "
    "wav css bmp ttf otf key ini cfg conf log tmp bak sh bat cpp java rb php ts jsx yaml yml toml sql db iso apk dmg "
    "rtf odt ods odp epub mobi wma flac ogg mov avi mkv webm webp tif tiff ico psd eps woff rar jar ics vcf tsv ipynb"
)
NAMED = re.compile(rf"[\w-]+(?:\.[\w-]+)*\.(?:{'|'.join(ENDINGS.split())})", re.IGNORECASE)
COMPOUND = re.compile(r"\d+(?:st|nd|rd|th)?(?:-[a-z]{3,})+")  # "3rd-party", "64-bit"


def found_things(text: str) -> list[Thing]:
    """Returns what a translation has as it is: begin and end, the thing, and whether it is a number.

    Args:
        text: A line of text in plain characters.
    """
    if not SIGN.search(text):
        return []
    result: list[Thing] = []
    start = 0
    whole = [found for found in WHOLE.finditer(text) if is_whole(found, text)]
    for found in [*whole, None]:
        result += chunks(text, start, found.start() if found else len(text))
        if found is not None:
            result.append((found.start(), found.end(), found[0], bool(found["phone"] or found["measure"])))
            start = found.end()
    return result


def is_whole(found: re.Match[str], text: str) -> bool:
    """Says whether what looks like a telephone number has enough digits, and a flight is no word in capitals."""
    if found["phone"]:
        return sum(map(str.isdigit, found[0])) >= FEWEST_DIGITS
    return not found["flight"] or not text.isupper()


def chunks(text: str, start: int, end: int) -> Iterator[Thing]:
    """Yields the things between two places of a text that no space divides."""
    for chunk in CHUNK.finditer(text, start, end):
        inner = AROUND.fullmatch(chunk[0])
        if inner is not None and inner[1] and (kind := kind_of(inner[1])) is not None:
            thing, begin = inner[1], chunk.start() + inner.start(1)
            yield begin, begin + len(thing), thing, kind == "number"


def kind_of(thing: str) -> str | None:
    """Returns whether a chunk is a "number" or another "thing", or None for what is translated."""
    if not any(map(str.isdigit, thing)):
        return "thing" if MARKED.fullmatch(thing) or NAMED.fullmatch(thing) else None
    if PLAIN_NUMBER.fullmatch(thing) or ORDINAL.fullmatch(thing) or COMPOUND.fullmatch(thing):
        return None
    if AMOUNT.fullmatch(thing) or MEASURE.fullmatch(thing):
        return "number"
    is_code = thing.isascii() and any(map(str.isalpha, thing))
    return "thing" if is_code or MARKED.fullmatch(thing) or NAMED.fullmatch(thing) else None


def masked(
    text: str, is_unknown: Callable[[str], bool] | None = None, terms: Sequence[Thing] = ()
) -> tuple[str, dict[str, str]]:
    """Returns a sentence with placeholders, and what each stands for.

    Args:
        text: A sentence in plain characters. One that has placeholders already stays as it is.
        is_unknown: Says of a word with a capital whether it is a name to be carried across too.
        terms: What a glossary has found in it; a term within an address or the like counts for nothing.
    """
    if PLACEHOLDER.search(text):
        return text, {}
    things = found_things(text)
    terms = [term for term in terms if not any(is_inside(term, thing) for thing in things)]
    things = [*terms, *beside(terms, things)]
    if is_unknown is not None and not text.isupper():  # where all is in capitals, any word could be a name
        names = ((found.start(), found.end(), found[0], False) for found in NAME.finditer(text))
        things += [name for name in beside(things, names) if is_unknown(name[2])]
    return replaced(text, sorted(things))


def is_inside(one: Thing, other: Thing) -> bool:
    """Says whether a thing is a part of another one."""
    return other[0] <= one[0] and one[1] <= other[1] and one[:2] != other[:2]


def beside(taken: Sequence[Thing], things: Iterable[Thing]) -> list[Thing]:
    """Returns the things that overlap none of those that are taken."""
    return [thing for thing in things if not any(begin < thing[1] and thing[0] < end for begin, end, _, _ in taken)]


def masked_pair(source: str, target: str) -> tuple[str, str]:
    """Returns a sentence and its translation with placeholders for the things that both have equally often.

    >>> masked_pair("It costs $19.99 or 1,000 pesos.", "Cuesta $19.99 o mil pesos.") == (
    ...     f"It costs {NUMBERS[0]} or 1,000 pesos.", f"Cuesta {NUMBERS[0]} o mil pesos."
    ... )
    True
    """
    if PLACEHOLDER.search(source) or PLACEHOLDER.search(target):
        return source, target
    here, there = found_things(source), found_things(target)
    counts, others = (Counter(thing[2:] for thing in things) for things in (here, there))
    shared = {key for key, number in counts.items() if number == others[key]}
    if not shared:
        return source, target
    text, known = replaced(source, [thing for thing in here if thing[2:] in shared])
    names = {(thing, placeholder in NUMBERS): placeholder for placeholder, thing in known.items()}
    pieces, end = [], 0
    for begin, stop, thing, is_number in there:
        if (thing, is_number) in names:
            pieces += [target[end:begin], names[thing, is_number]]
            end = stop
    return text, "".join([*pieces, target[end:]])


def replaced(text: str, things: Sequence[Thing]) -> tuple[str, dict[str, str]]:
    """Puts placeholders in the place of things, in order, as long as there are any left; equal things have one."""
    left = {False: iter(THINGS), True: iter(NUMBERS)}
    known: dict[tuple[str, bool], str | None] = {}
    pieces, end = [], 0
    for begin, stop, thing, is_number in things:
        if (thing, is_number) not in known:
            known[thing, is_number] = next(left[is_number], None)
        placeholder = known[thing, is_number]
        if placeholder is not None:
            pieces += [text[end:begin], placeholder]
            end = stop
    names = {placeholder: thing for (thing, _), placeholder in known.items() if placeholder is not None}
    return "".join([*pieces, text[end:]]), names


def masked_numbers(text: str, things: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Returns a sentence with placeholders for its small numbers too, as long as there are any left.

    Args:
        text: A sentence with placeholders.
        things: What they stand for.

    Returns:
        The sentence, and what all its placeholders stand for.
    """
    left = iter([placeholder for placeholder in NUMBERS if placeholder not in things])
    known: dict[str, str | None] = {}
    for number in NUMBER.findall(text):
        if number not in known:
            known[number] = next(left, None)
    names = {placeholder: number for number, placeholder in known.items() if placeholder is not None}
    return NUMBER.sub(lambda found: known[found[0]] or found[0], text), {**things, **names}


def knows_placeholders(*tokenizers: Tokenizer) -> bool:
    """Says whether vocabularies hold all placeholders."""
    return all(placeholder in tokenizer.ids for tokenizer in tokenizers for placeholder in PLACEHOLDERS)


def with_placeholders(pairs: Pairs) -> Pairs:
    """Returns pairs with placeholders for what both sides have; see `masked_pair`."""
    both = [masked_pair(source, target) for source, target in zip(pairs.sources, pairs.targets, strict=True)]
    return Pairs([source for source, _ in both], [target for _, target in both])


def restored(text: str, things: dict[str, str]) -> str:
    """Returns a text with things in the place of their placeholders."""
    return PLACEHOLDER.sub(lambda found: things.get(found[0], ""), text) if things else text


class PlaceholderSampler:
    """Hides words and puts in placeholders, on both sides of pairs, so that a network learns to carry them across.

    Few corpora have addresses and tags, most have names and small numbers that are the same on both sides. Some of
    these give way to a placeholder in each epoch, others get one on both sides as a tag would stand; a placeholder
    comes before or after some sentences, as an address or a hashtag would; and all are numbered anew, so that none
    stays untrained.

    Args:
        pairs: Pairs, with placeholders for what `masked_pair` finds.
    """

    # Shares of the pairs: in which a shared word is hidden, if there is one; those of them in which it gets tags
    # instead; to which something is added.
    HIDDEN, TAGGED, ADDED = 0.1, 0.2, 0.01

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        both = zip(pairs.sources, pairs.targets, strict=True)
        self.shared = [shared_words(source, target) for source, target in both]

    def draw(self, randomness: np.random.Generator) -> Pairs:
        """Returns the pairs of an epoch."""
        draws = randomness.random((len(self.pairs), 5))
        sources, targets = [], []
        for source, target, words, row in zip(
            self.pairs.sources, self.pairs.targets, self.shared, draws.tolist(), strict=True
        ):
            sides = self._drawn((source, target), words, row)
            sources.append(sides[0])
            targets.append(sides[1])
        return Pairs(sources, targets)

    def _drawn(self, sides: tuple[str, str], words: list[str], row: list[float]) -> tuple[str, str]:
        chance, choice, form, place, rotation = row
        if PLACEHOLDER.search(sides[0]):
            pass  # numbered anew below
        elif words and chance < self.HIDDEN:
            word = words[int(choice * len(words))]
            new = NUMBERS[0] if word.isdecimal() else THINGS[0]
            if form < self.TAGGED and not word.isdecimal():
                new = f"{THINGS[0]}{word}{THINGS[1]}"
            sides = (with_word(sides[0], word, new), with_word(sides[1], word, new))
        elif form < self.ADDED:
            pattern = f"{THINGS[0]} {{}}" if place < 0.3 else f"{{}} {THINGS[0]}"
            sides = (pattern.format(sides[0]), pattern.format(sides[1]))
        else:
            return sides
        table = rotated(int(rotation * NUM_EACH))
        return sides[0].translate(table), sides[1].translate(table)


def shared_words(source: str, target: str) -> list[str]:
    """Returns names and small numbers that stand once on each side."""
    here, there = (Counter(SHARED.findall(side)) for side in (source, target))
    return [word for word, number in here.items() if number == there[word] == 1]


def with_word(text: str, word: str, new: str) -> str:
    """Returns a text with something else in the place of a word."""
    return re.sub(rf"(?<![\w]){re.escape(word)}(?![\w])", new, text, count=1)


@functools.cache
def rotated(steps: int) -> dict[int, str]:
    """Returns a translation table in which each placeholder stands so many places further in its kind."""
    return {
        ord(kind[number]): kind[(number + steps) % NUM_EACH] for kind in (THINGS, NUMBERS) for number in range(NUM_EACH)
    }
