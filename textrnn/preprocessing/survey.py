"""Looks through a corpus before training: how much text there is, in what script, and what its lines are."""

import dataclasses
import re
from collections import Counter

from textrnn.preprocessing.corpora import Corpus
from textrnn.preprocessing.scripts import has_spaces

__all__ = ["BLANK_LINE", "Survey", "detected_documents", "is_english_prose", "num_documents", "survey"]

BLANK_LINE = "\n\n"
SAMPLED_LINES = 200_000  # that are looked at closely; the rest is counted
SAMPLE_CHARACTERS = 200_000
SENTENCE_ENDS = ".!?…。！？\"”»’')】」"
# Of English prose they make up nearly half, of code or of another language hardly anything.
FREQUENT = """
    the of and to a in that was he his it with for as had but at on not be is her she you they this have from which by
    were all my him we are there said so what would been one when if who their an no could or i me them your will do did
    out up into then some
"""
ENGLISH_WORDS = frozenset(FREQUENT.split())
WORD = re.compile(r"[^\W_]+")
SYMBOL = re.compile(r"[^\w \n.,;:!?'\"()\u2010-\u2026-]|[\d_]")
SPEAKER = re.compile(r"[\[<(]|[\w.]{1,20}( [\w.]{1,20})?:\s|[-*#|>] ?|\d+[.)]? ")  # of chats, plays, lists, tables
PUNCTUATION = SENTENCE_ENDS + ",;:—-，；："


@dataclasses.dataclass(frozen=True)
class Survey:
    """What a corpus looks like.

    Args:
        num_characters: Characters, newlines included.
        num_lines: Lines that are not blank.
        num_files: Files.
        num_distinct_lines: Distinct lines among those looked at closely.
        num_words: Words between spaces, in all lines.
        is_spaced: Whether the script puts spaces between words.
        blank_share: Blank lines per line.
        sentence_share: Share of the lines that end as a sentence does.
        punctuation_share: Share of the lines that end in any punctuation mark.
        lowercase_share: Share of the lines that begin with a small letter, as wrapped lines do.
        longest_line: Characters of the longest line.
        mean_line: Characters of a line on average.
        sentences_per_line: Sentence ends within and at the end of a line, on average.
        num_distinct_characters: Distinct characters among the lines looked at closely.
        num_blocks: Groups of lines between blank ones.
        block_start_share: Share of the blocks that begin with the two characters that most of them begin with.
        english_share: Share of the words that are among the most frequent ones of English.
        marked_share: Share of the lines that begin as those of chats, plays, lists and tables do.
        symbol_share: Share of the characters that prose seldom has: symbols, digits, tabs.
    """

    num_characters: int
    num_lines: int
    num_files: int
    num_distinct_lines: int
    num_words: int
    is_spaced: bool
    blank_share: float
    sentence_share: float
    punctuation_share: float
    lowercase_share: float
    longest_line: int
    mean_line: float
    sentences_per_line: float
    num_distinct_characters: int = 100
    num_blocks: int = 1
    block_start_share: float = 0.0
    english_share: float = 0.0
    marked_share: float = 0.0
    symbol_share: float = 0.0

    @property
    def words_per_line(self) -> float:
        """Words of a line on average."""
        return self.num_words / max(self.num_lines, 1)


def survey(corpus: Corpus) -> Survey:
    """Reads a corpus once and describes it; memory stays flat."""
    counts: Counter[str] = Counter()
    block_starts: Counter[str] = Counter()
    is_after_blank = True
    distinct: set[int] = set()
    characters: set[str] = set()
    sample: list[str] = []
    sampled = 0
    for line in dataclasses.replace(corpus, documents=None).lines():  # blank lines too
        text = line.strip()
        counts["characters"] += len(line) + 1
        counts["longest"] = max(counts["longest"], len(text))
        if not text:
            counts["blank"] += 1
            is_after_blank = True
            continue
        counts["blocks"] += is_after_blank
        counts["lines"] += 1
        counts["words"] += text.count(" ") + 1
        if counts["lines"] > SAMPLED_LINES:
            continue
        counts["looked"] += 1
        if is_after_blank:
            block_starts[text[:2]] += 1
        distinct.add(hash(text))
        characters.update(text)
        counts["sentence"] += text[-1] in SENTENCE_ENDS
        counts["punctuation"] += text[-1] in PUNCTUATION
        counts["lowercase"] += text[0].islower()
        is_after_blank = False
        counts["ends"] += sum(text.count(mark) for mark in ".!?。！？")
        counts["marked"] += SPEAKER.match(text) is not None
        if sampled < SAMPLE_CHARACTERS:
            sample.append(text)
            sampled += len(text)
    looked_at = "\n".join(sample)
    words = WORD.findall(looked_at.lower())
    lines, looked = max(counts["lines"], 1), max(counts["looked"], 1)
    return Survey(
        num_characters=counts["characters"],
        num_lines=counts["lines"],
        num_files=len(corpus.paths),
        num_distinct_lines=len(distinct),
        num_words=counts["words"],
        is_spaced=has_spaces(looked_at),
        blank_share=counts["blank"] / (counts["lines"] + counts["blank"] or 1),
        sentence_share=counts["sentence"] / looked,
        punctuation_share=counts["punctuation"] / looked,
        lowercase_share=counts["lowercase"] / looked,
        longest_line=counts["longest"],
        mean_line=(counts["characters"] - counts["blank"]) / lines - 1,
        sentences_per_line=counts["ends"] / looked,
        num_distinct_characters=len(characters),
        num_blocks=counts["blocks"],
        block_start_share=max(block_starts.values(), default=0) / max(block_starts.total(), 1),
        english_share=sum(word in ENGLISH_WORDS for word in words) / max(len(words), 1),
        marked_share=counts["marked"] / looked,
        symbol_share=len(SYMBOL.findall(looked_at)) / max(len(looked_at), 1),
    )


def detected_documents(text: Survey) -> str | None:
    """Returns what a document is in a corpus that does not say so: "line", "file", a blank line, or None.

    Lines are documents where they look like a list: short lines without punctuation, as names and titles are, or one
    sentence each. Blank lines part documents that all begin alike, as tunes do with "X:". Prose, wrapped or with a
    paragraph on each line, verse and plays are running text.
    """
    if text.num_blocks >= 20 and text.block_start_share >= 0.9:
        return BLANK_LINE
    is_even = text.blank_share < 0.02 and text.num_lines >= 20
    is_list = text.punctuation_share < 0.2 and text.words_per_line <= 12 and text.mean_line <= 80
    is_list = is_list and (text.lowercase_share < 0.1 or text.words_per_line <= 3)
    is_sentences = text.sentence_share >= 0.85 and text.lowercase_share < 0.15 and text.sentences_per_line <= 1.6
    if not text.is_spaced:  # a verse of several clauses on each line
        is_sentences = text.sentence_share >= 0.85 and text.mean_line <= 100
        is_list = text.mean_line <= 20
    if is_even and (is_list or is_sentences):
        return "line"
    return "file" if text.num_files > 1 else None


def is_english_prose(text: Survey) -> bool:
    """Says whether running text is English prose: wrapped, so that most lines begin within a sentence, or paragraphs.

    Verse, plays, chats, lists, tables and code are not.
    """
    if text.english_share < 0.33 or text.marked_share > 0.3 or text.symbol_share > 0.03 or not text.is_spaced:
        return False
    is_wrapped = text.lowercase_share >= 0.4 and 6 <= text.words_per_line <= 25 and text.sentences_per_line >= 0.2
    has_paragraphs = text.punctuation_share >= 0.6 and text.words_per_line >= 12
    return is_wrapped or has_paragraphs


def num_documents(corpus: Corpus, text: Survey) -> int:
    """Returns how many documents a corpus has; running text is one."""
    known = {None: 1, "line": text.num_lines, "file": text.num_files, BLANK_LINE: text.num_blocks}
    if corpus.documents in known:
        return max(known[corpus.documents], 1)
    return max(sum(begins for begins, _ in corpus.marked_pieces()), 1)
