r"""Splits text into words and punctuation marks that say where no space stood between them, so that it comes back.

On ordinary text the tokens are those of NLTK's `NLTKWordTokenizer`: clitics (`do` `n't`) and punctuation marks apart,
hyphenated words and numbers whole, a full stop apart at the end of a line only. Beyond it, URLs, e-mail addresses,
@mentions, #hashtags, emoticons, operators (`!=`) and emoji sequences are whole, a typographic apostrophe within a word
(`don’t`) is one like any other, and typographic ellipses and the marks of other scripts (`¿`) stand apart.

Of two tokens that touch, one is marked on that side, with the joiner of OpenNMT's tokenizer: the punctuation mark, so
that words have one form only. `"`, which NLTK turns into two kinds of quotes, so has an opening form and a closing
one as well. White space other than one space between two tokens is a token itself.

>>> split('"Don\'t," she said.')
['"￭', 'Do', "￭n't", '￭,', '￭"', 'she', 'said', '￭.']
>>> [surface(token) for token in split("x != 3  # no")]
['x', '!=', '3', '  ', '#', 'no']

NLTK is not imported: this module is on the way of everything that generates text.
"""

import re
from collections.abc import Iterator
from itertools import chain, pairwise

__all__ = ["JOINER", "MAX_SPACES", "joins", "split", "surface"]

JOINER = "\uffed"
MAX_SPACES = 16  # a longer run of spaces becomes several tokens
MAX_CHUNK = 1000  # characters between two spaces that are looked at together, so that no line takes long

URL = r"(?<!\w)(?:[a-zA-Z][a-zA-Z0-9+.-]{1,15}://|www\.)[^\s<>\"“”«»]*[\w/#&=~+-]"
EMAIL = r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
MENTION = r"(?<![\w@])@\w+(?:@[\w-]+(?:\.[\w-]+)+)?"
HASHTAG = r"(?<![\w&])\#\w*[^\W\d_]\w*"
EMOTICON = (
    r"(?:^|(?<=[.,!?…)]))"
    r"(?:"
    r"[<>}]?[:;=][-o*'^]{0,2}(?:[)(\][|\\/*3@$}{]+|d+|D+|p+|P+|o+|O+|[xX]+)|[8B]-[)(D]+"
    r"|<3+|</3|[xX]D+|\^[_.-]?\^|[-oO0T]_[-oO0T]|-\.-|o\.O|O\.o"
    r"|¯\\_\(ツ\)_/¯|\\o/)"
    r"(?=$|[.,!?…)])"
)
FACE = (
    r"[\u2190-\u21ff\u231a-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
FACE += r"[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
EMOJI = rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{FACE}(?:\u200d{FACE})*"
OPERATOR = r"<?--?>|<-|=>|(?<![=!<>])[!=]==?(?!=)|[<>]=|<<=?|>>=?|:=|::|[-+*/%|&^]=|&&|\|\|"
WHOLE = re.compile(f"({'|'.join([URL, EMAIL, MENTION, HASHTAG, EMOTICON, EMOJI, OPERATOR])})")

OTHER_MARKS = (
    r"¡¿§¶‖‗†-‧‹›‼-⁂⁅-⁞、-〃〈-】〔-〟！-＃％-＊，．／：；？＠［-］｛｝｟-･"
    r"\u037e\u0589\u060c\u061b\u061f\u066a\u066d\u06d4\u0964\u0965\u104a-\u104f\u17d4-\u17da\u1361-\u1368"
)
APART = re.compile(
    rf"(`+|''|\.{{2,}}|--|[:,](?!\d)|’(?!(?<=\w.)\w)|[]\[(){{}}<>«»“”‘‚„\";@#$%&‒–—―?!*{JOINER}{OTHER_MARKS}])"
)
FULL_STOP = re.compile(r"(?<=[^.])\.(?=[\])}>\"'»”’]*$)")
CLOSERS = re.compile(r"[\])}>'»”’][\])}>\"'»”’]*")  # not a `"` after a space, which opens

OPENING_APOSTROPHE = re.compile(r"(?<!\w)'(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)", re.IGNORECASE)
CLOSING_APOSTROPHE = re.compile(r"([^'])'(?= |$)")
CLITIC = re.compile(r"([^'’ ])(['’][sSmMdD]|')(?= |$)")
LONG_CLITIC = re.compile(r"([^'’ ])(['’](?:ll|LL|re|RE|ve|VE)|n['’]t|N['’]T)(?= |$)")
CONTRACTION = re.compile(r"(?i)cannot|d'ye|gimme|gonna|gotta|lemme|more'n|wanna")
CONTRACTIONS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(can)(not)\b",
        r"\b(d)('ye)\b",
        r"\b(gim)(me)\b",
        r"\b(gon)(na)\b",
        r"\b(got)(ta)\b",
        r"\b(lem)(me)\b",
        r"\b(more)('n)\b",
        r"\b(wan)(na)$",
    )
]

OPENING = frozenset([*"([{<«“‘„‚‹¿¡`#$@「『（【《〈〔", "``"])
STRAIGHT = frozenset(['"', "'", "''"])
DASHES = frozenset(["--", "‒", "–", "—", "―"])

# White space that is a token: all but one space between two tokens that carry no mark.
SPACE_TOKENS = re.compile(rf"(^\s+|\s{{2,}}|\s$|[^\S ]|(?<={JOINER})\s|\s(?={JOINER}))")
SPACES = re.compile(f" {{1,{MAX_SPACES}}}|[^ ]")
PLAIN = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*\.?)([,;:!?]?)")


def split(text: str) -> list[str]:
    """Splits text into marked tokens, newlines among them."""
    tokens: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            tokens.append("\n")
        if line:
            tokens.extend(split_line(line))
    return tokens


def surface(token: str) -> str:
    """Returns a token's text without its marks."""
    left, right = joins(token)
    return token[left : len(token) - right]


def joins(token: str) -> tuple[bool, bool]:
    """Tells whether a token is marked to touch what stands left of it, and right of it."""
    left = len(token) > 1 and token[0] == JOINER
    return left, len(token) > 1 + left and token[-1] == JOINER


def split_line(line: str) -> list[str]:
    """Splits one line."""
    chunks = line.split(" ")
    if chunks == line.split() and JOINER not in line:
        return split_chunks(chunks, True)
    parts = SPACE_TOKENS.split(line)
    last = max((index for index in range(0, len(parts), 2) if parts[index]), default=0)
    tokens: list[str] = []
    for index, part in enumerate(parts):
        if index % 2:
            tokens.extend(SPACES.findall(part))
        elif part:
            tokens.extend(split_chunks(part.split(" "), index == last))
    return tokens


def split_chunks(chunks: list[str], end_line: bool) -> list[str]:
    """Splits a part of a line that was cut at its spaces, which have one space between any two chunks."""
    last = last_word(chunks) if end_line else len(chunks)
    tokens = list(chain.from_iterable(map(WITHIN_LINE.__getitem__, chunks[:last])))
    tokens.extend(chain.from_iterable(map(AT_LINE_END.__getitem__, chunks[last:])))
    return tokens


def last_word(chunks: list[str]) -> int:
    """Returns the index of the last chunk that is more than closing quotes and brackets, or 0."""
    index = len(chunks) - 1
    while index > 0 and CLOSERS.fullmatch(chunks[index]):
        index -= 1
    return index


class Chunks(dict[str, tuple[str, ...]]):
    """The tokens of chunks met before: most of a text consists of few different ones, so most need no splitting."""

    MAX_CHUNKS = 2**17  # some 30 MB

    def __init__(self, ends_line: bool) -> None:
        self.ends_line = ends_line

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        if len(self) >= self.MAX_CHUNKS:
            self.clear()
        tokens = self[chunk] = split_chunk(chunk, self.ends_line)
        return tokens


WITHIN_LINE, AT_LINE_END = Chunks(False), Chunks(True)


def split_chunk(chunk: str, ends_line: bool) -> tuple[str, ...]:
    """Splits what stands between two spaces into marked tokens.

    Args:
        chunk: Text without white space.
        ends_line: Whether the line ends here, so that a full stop is one.
    """
    plain = PLAIN.fullmatch(chunk)
    if plain and not CONTRACTION.search(chunk) and not (ends_line and chunk[-1] == "."):
        word, mark = plain.groups()
        return (word, JOINER + mark) if mark else (word,)
    pieces = [chunk[start : start + MAX_CHUNK] for start in range(0, len(chunk), MAX_CHUNK)]
    return marked([token for piece in pieces for token in unmarked(piece, ends_line and piece is pieces[-1])])


def unmarked(chunk: str, ends_line: bool) -> Iterator[str]:
    """Yields the tokens of a chunk, which make up exactly its text."""
    parts = WHOLE.split(chunk)
    for number, part in enumerate(parts):
        if number % 2:
            yield part
            continue
        stop = FULL_STOP.search(part) if ends_line and number == len(parts) - 1 else None
        if stop:
            yield from punctuated(part[: stop.start()])
            yield "."
            part = part[stop.end() :]
        yield from punctuated(part)


def punctuated(text: str) -> Iterator[str]:
    """Yields words and the punctuation marks around them."""
    for number, part in enumerate(APART.split(text)):
        if number % 2 or (part.isalpha() and not CONTRACTION.search(part)):
            yield part
        elif part:
            yield from word_parts(part)


def word_parts(word: str) -> list[str]:
    """Splits clitics and apostrophes off a word."""
    word = CLOSING_APOSTROPHE.sub(r"\1 '", OPENING_APOSTROPHE.sub("' ", word))
    word = LONG_CLITIC.sub(r"\1 \2", CLITIC.sub(r"\1 \2", word))
    if CONTRACTION.search(word):
        for pattern in CONTRACTIONS:
            word = pattern.sub(r" \1 \2 ", word)
    return word.split()


def marked(tokens: list[str]) -> tuple[str, ...]:
    """Puts a mark between each two of the tokens, which all touch, on the one that is less of a word."""
    left, right = [False] * len(tokens), [False] * len(tokens)
    opens = False
    for number, (token, following) in enumerate(pairwise(tokens)):
        before = number == 0 or opens or tokens[number - 1] in DASHES
        opens = token in OPENING or (token in STRAIGHT and before)
        if opens or (not is_word(token) and (is_word(following) or following in OPENING)):
            right[number] = True
        else:
            left[number + 1] = True
    return tuple(
        f"{JOINER}{token}{JOINER}" if token == JOINER else JOINER * before + token + JOINER * after
        for token, before, after in zip(tokens, left, right, strict=True)
    )


def is_word(token: str) -> bool:
    """Tells whether a token has a letter or a digit."""
    return any(character.isalnum() for character in token)
