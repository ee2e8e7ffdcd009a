// Tokenizers: text to token ids and back, as textrnn/preprocessing has them (characters, words, subwords).

const [PAD, UNK, BOS, EOS] = [0, 1, 2, 3];
const NUM_SPECIAL = 4;
const UNKNOWN_TEXT = "\ufffd";
const SPACE_MARK = "\u2581"; // SentencePiece writes a space as this character
const UNKNOWN_PENALTY = 10; // of SentencePiece, beside the least probable piece

const encoder = new TextEncoder();

/** The UTF-8 of a text as a string of one character a byte: such strings compare, begin and end as bytes do. */
const utf8 = (text) => String.fromCharCode(...encoder.encode(text));

/** Bytes of such a string. */
const asBytes = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Typed text as it would have been read from a file. */
function asRead(text) {
  const read = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  return (read.includes("\n") ? read : read.replaceAll("\r", "\n")).normalize("NFC");
}

/** What all levels share. */
class Tokenizer {
  constructor({ level, tokens, lowercase, marks }) {
    this.level = level;
    this.tokens = tokens;
    this.lowercase = lowercase;
    this.marks = marks;
    this.ids = new Map(tokens.map((token, id) => [token, id]));
  }

  cased(text) {
    return this.lowercase ? text.toLowerCase() : text;
  }

  /** A text whose quotation marks and dashes are known, if the typewritten ones are and these are not. */
  withKnownMarks(text) {
    return Array.from(text, (character) => this.marks[character] ?? character).join("");
  }

  tokenText(id) {
    return this.tokens[id];
  }

  tokenTexts(text) {
    return this.encode(text).map((id) => this.tokenText(id));
  }

  decode(ids) {
    const decoder = this.decoder();
    return ids.map((id) => decoder.feed(id)).join("") + decoder.finish();
  }

  /** The bytes of each token as they stand within a text, "" for special tokens. */
  get indexedTexts() {
    return this.tokenBytes;
  }
}

/** Decodes tokens that each stand for fixed bytes; a character split over tokens waits for its last byte. */
class BytesDecoder {
  constructor(tokenBytes) {
    this.tokenBytes = tokenBytes;
    this.utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  }

  feed(id) {
    return this.utf8.decode(asBytes(this.tokenBytes[id]), { stream: true });
  }

  finish() {
    return this.utf8.decode();
  }

  skip(ids) {
    for (const id of ids) this.feed(id);
  }
}

/** One token per character. */
class CharTokenizer extends Tokenizer {
  constructor(content) {
    super(content);
    this.tokenBytes = this.tokens.map((token, id) => (id < NUM_SPECIAL ? "" : utf8(token)));
    this.tokenBytes[UNK] = utf8(UNKNOWN_TEXT);
    for (const token of this.tokens.slice(0, NUM_SPECIAL)) this.ids.delete(token);
  }

  encode(text) {
    return Array.from(this.cased(text), (character) => this.ids.get(character) ?? UNK);
  }

  tokenTexts(text) {
    return Array.from(this.cased(text));
  }

  decoder() {
    return new BytesDecoder(this.tokenBytes);
  }
}

/** Subwords by SentencePiece's unigram model: the most probable pieces of each line, found by dynamic programming. */
class SubwordTokenizer extends Tokenizer {
  constructor(content, arrays, name) {
    super(content);
    this.newline = content.newline;
    this.firstByte = content.firstByte;
    this.scores = arrays[`${name}/scores`];
    this.symbols = new Set(content.symbols);
    this.pieces = new Map(content.pieces.map((id) => [this.tokens[id], id]));
    this.longest = Math.max(...content.pieces.map((id) => this.tokens[id].length));
    const own = content.pieces.filter((id) => !this.symbols.has(id));
    const least = own.reduce((lowest, id) => Math.min(lowest, this.scores[id]), Infinity);
    this.unknownScore = Math.fround(least - UNKNOWN_PENALTY);
    this.tokenBytes = this.tokens.map((token) => utf8(token.replaceAll(SPACE_MARK, " ")));
    this.tokenBytes[PAD] = this.tokenBytes[BOS] = this.tokenBytes[EOS] = "";
    this.tokenBytes[UNK] = utf8(UNKNOWN_TEXT);
    this.tokenBytes[this.newline] = "\n";
    for (let byte = 0; byte < 256; byte++) this.tokenBytes[this.firstByte + byte] = String.fromCharCode(byte);
  }

  /** A line is encoded with a space before it, so that a word has the same pieces at its beginning and within it. */
  encode(text) {
    return this.cased(text).split("\n").flatMap((line, number) => [
      ...(number ? [this.newline] : []),
      ...(line ? this.lineIds(` ${line}`) : []),
    ]);
  }

  /** The ids of a line; a character that SentencePiece would take for a space becomes its bytes. */
  lineIds(line) {
    return line.split(SPACE_MARK).flatMap((part, number) => [
      ...(number ? this.byteIds(SPACE_MARK) : []),
      ...this.bestIds(part.replaceAll(" ", SPACE_MARK)),
    ]);
  }

  byteIds(character) {
    return Array.from(encoder.encode(character), (byte) => this.firstByte + byte);
  }

  bestIds(text) {
    const best = new Array(text.length + 1); // at each place how the pieces before it end best
    best[0] = { score: 0 };
    const offer = (end, score, begin, id) => {
      if (!best[end] || score > best[end].score) best[end] = { score: Math.fround(score), begin, id };
    };
    for (let begin = 0; begin < text.length; ) {
      const size = text.codePointAt(begin) > 0xffff ? 2 : 1;
      const before = best[begin].score;
      for (let end = begin + size; end <= Math.min(begin + this.longest, text.length); end++) {
        const id = this.pieces.get(text.slice(begin, end));
        if (id === undefined) continue;
        offer(end, this.symbols.has(id) ? before - 0.1 : Math.fround(before + this.scores[id]), begin, id);
      }
      if (!this.pieces.has(text.slice(begin, begin + size))) {
        offer(begin + size, Math.fround(before + this.unknownScore), begin, UNK);
      }
      begin += size;
    }
    const ids = [];
    for (let end = text.length; end > 0; end = best[end].begin) {
      const { id, begin } = best[end];
      if (id === UNK) ids.push(...this.byteIds(text.slice(begin, end)).reverse());
      else ids.push(id);
    }
    return ids.reverse();
  }

  tokenText(id) {
    return id < NUM_SPECIAL ? this.tokens[id] : withBytesNamed(this.tokenBytes[id]);
  }

  decoder() {
    return new LinesDecoder(this.tokenBytes, this.newline);
  }
}

/** A text of bytes for people, with \xNN for those that make no character. */
function withBytesNamed(bytes) {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(asBytes(bytes));
  if (!text.includes(UNKNOWN_TEXT)) return text;
  return Array.from(asBytes(bytes), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

/** Takes away the space that stands before every line. */
class LinesDecoder extends BytesDecoder {
  constructor(tokenBytes, newline) {
    super(tokenBytes);
    this.newline = newline;
    this.beginsLine = true;
  }

  feed(id) {
    let text = super.feed(id);
    if (this.beginsLine && text) {
      this.beginsLine = false;
      text = text.replace(/^ /, "");
    }
    if (id === this.newline) this.beginsLine = true;
    return text;
  }
}

/** The tokenizer that a page holds under a name. */
function makeTokenizer(content, arrays, name) {
  const kinds = { char: CharTokenizer, word: WordTokenizer, subword: SubwordTokenizer };
  return new kinds[content.level](content, arrays, name);
}
