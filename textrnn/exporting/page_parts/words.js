// Words and punctuation marks with joiners, as textrnn/preprocessing/splitting.py and words.py have them.

const JOINER = "\uffed";
const MAX_CHUNK = 1000;

// Python's \w, \d and \s; those of JavaScript are of other characters.
const W = "\\p{L}\\p{N}_";
const D = "\\p{Nd}";
const BLANK = "\\t-\\r\\x1c-\\x1f\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const S = ` ${BLANK}`;
const LETTER = `(?:(?![${D}_])[${W}])`;
const EDGE = `(?:(?<=[${W}])(?![${W}])|(?<![${W}])(?=[${W}]))`; // \b

const URL_ = `(?<![${W}])(?:[a-zA-Z][a-zA-Z0-9+.\\-]{1,15}://|www\\.)[^${S}<>"“”«»]*[${W}/#&=~+\\-]`;
const EMAIL = `(?<![${W}.+\\-])[${W}.+\\-]{1,64}@[${W}\\-]+(?:\\.[${W}\\-]+)+`;
const MENTION = `(?<![${W}@])@[${W}]+(?:@[${W}\\-]+(?:\\.[${W}\\-]+)+)?`;
const HASHTAG = `(?<![${W}&])#[${W}]*${LETTER}[${W}]*`;
const EMOTICON =
  "(?:^|(?<=[.,!?…)]))" +
  "(?:" +
  "[<>}]?[:;=][\\-o*'^]{0,2}(?:[)(\\]\\[|\\\\/*3@$}{]+|d+|D+|p+|P+|o+|O+|[xX]+)|[8B]-[)(D]+" +
  "|<3+|</3|[xX]D+|\\^[_.\\-]?\\^|[\\-oO0T]_[\\-oO0T]|-\\.-|o\\.O|O\\.o" +
  "|¯\\\\_\\(ツ\\)_/¯|\\\\o/)" +
  "(?=$|[.,!?…)])";
const FACE =
  "[\\u2190-\\u21ff\\u231a-\\u23ff\\u25a0-\\u27bf\\u2900-\\u297f\\u2b00-\\u2bff\\u3030\\u303d\\u3297\\u3299\\u{1f000}-\\u{1faff}]" +
  "[\\ufe0e\\ufe0f]?[\\u{1f3fb}-\\u{1f3ff}]?[\\u{e0020}-\\u{e007f}]*";
const EMOJI = `[\\u{1f1e6}-\\u{1f1ff}]{2}|[0-9#*]\\ufe0f?\\u20e3|${FACE}(?:\\u200d${FACE})*`;
const OPERATOR = "<?--?>|<-|=>|(?<![=!<>])[!=]==?(?!=)|[<>]=|<<=?|>>=?|:=|::|[\\-+*/%|&^]=|&&|\\|\\|";
const WHOLE = new RegExp(`(${[URL_, EMAIL, MENTION, HASHTAG, EMOTICON, EMOJI, OPERATOR].join("|")})`, "u");

const OTHER_MARKS =
  "¡¿§¶‖‗†-‧‹›‼-⁂⁅-⁞、-〃〈-】〔-〟！-＃％-＊，．／：；？＠［-］｛｝｟-･" +
  "\\u037e\\u0589\\u060c\\u061b\\u061f\\u066a\\u066d\\u06d4\\u0964\\u0965\\u104a-\\u104f\\u17d4-\\u17da\\u1361-\\u1368";
const APART = new RegExp(
  `(\`+|''|\\.{2,}|--|[:,](?!${"\\p{Nd}"})|’(?!(?<=[${W}].)[${W}])|[\\]\\[(){}<>«»“”‘‚„";@#$%&‒–—―?!*${JOINER}${OTHER_MARKS}])`,
  "u",
);
const FULL_STOP_AT_END = /(?<=[^.])\.(?=[\])}>"'»”’]*$)/u;
const CLOSERS = /^[\])}>'»”’][\])}>"'»”’]*$/u; // not a `"` after a space, which opens

const OPENING_APOSTROPHE = new RegExp(`(?<![${W}])'(?!(?:re|ve|ll|m|t|s|d|n)${EDGE})(?=[${W}])`, "giu");
const CLOSING_APOSTROPHE = /([^'])'(?= |$)/gu;
const CLITIC = /([^'’ ])(['’][sSmMdD]|')(?= |$)/gu;
const LONG_CLITIC = /([^'’ ])(['’](?:ll|LL|re|RE|ve|VE)|n['’]t|N['’]T)(?= |$)/gu;
const CONTRACTION = /cannot|d'ye|gimme|gonna|gotta|lemme|more'n|wanna/iu;
const CONTRACTIONS = [
  ["can", "not"], ["d", "'ye"], ["gim", "me"], ["gon", "na"], ["got", "ta"], ["lem", "me"], ["more", "'n"],
].map(([first, second]) => new RegExp(`${EDGE}(${first})(${second})${EDGE}`, "giu"));
CONTRACTIONS.push(new RegExp(`${EDGE}(wan)(na)$`, "giu"));

const OPENING = new Set([..."([{<«“‘„‚‹¿¡`#$@「『（【《〈〔", "``"]);
const STRAIGHT = new Set(['"', "'", "''"]);
const DASHES = new Set(["--", "‒", "–", "—", "―"]);

// White space that is a token: all but one space between two tokens that carry no mark.
const SPACE_TOKENS = new RegExp(
  `(^[${S}]+|[${S}]{2,}|[${S}]$|[${BLANK}]|(?<=${JOINER})[${S}]|[${S}](?=${JOINER}))`,
  "u",
);
const SPACES = / {1,16}|[^ ]/gu;
const ALL_SPACE = new RegExp(`^[${S}]+$`, "u");
const SPACE_RUN = new RegExp(`[${S}]+`, "u");
const ALPHABETIC = /^\p{L}+$/u;
const HAS_ALPHANUMERIC = /[\p{L}\p{N}]/u;

/** Splits text into marked tokens, newlines among them. */
function splitWords(text) {
  return text.split("\n").flatMap((line, number) => [...(number ? ["\n"] : []), ...(line ? splitLine(line) : [])]);
}

function splitLine(line) {
  const parts = line.split(SPACE_TOKENS);
  const last = parts.reduce((found, part, index) => (index % 2 === 0 && part ? index : found), 0);
  return parts.flatMap((part, index) => {
    if (index % 2) return part.match(SPACES);
    return part ? splitChunks(part.split(" "), index === last) : [];
  });
}

/** Splits a part of a line that was cut at its spaces, which have one space between any two chunks. */
function splitChunks(chunks, endsLine) {
  let last = endsLine ? chunks.length - 1 : chunks.length;
  while (endsLine && last > 0 && CLOSERS.test(chunks[last])) last--;
  return chunks.flatMap((chunk, index) => splitChunk(chunk, index >= last));
}

/** Splits what stands between two spaces; `endsLine` says whether a full stop at its end is one. */
function splitChunk(chunk, endsLine) {
  const characters = Array.from(chunk);
  const tokens = [];
  for (let begin = 0; begin < characters.length; begin += MAX_CHUNK) {
    const piece = characters.slice(begin, begin + MAX_CHUNK).join("");
    tokens.push(...unmarked(piece, endsLine && begin + MAX_CHUNK >= characters.length));
  }
  return marked(tokens);
}

/** The tokens of a chunk, which make up exactly its text. */
function unmarked(chunk, endsLine) {
  const parts = chunk.split(WHOLE);
  return parts.flatMap((part, number) => {
    if (number % 2) return [part];
    const stop = endsLine && number === parts.length - 1 ? FULL_STOP_AT_END.exec(part) : null;
    if (!stop) return punctuated(part);
    return [...punctuated(part.slice(0, stop.index)), ".", ...punctuated(part.slice(stop.index + 1))];
  });
}

/** Words and the punctuation marks around them. */
function punctuated(text) {
  return text.split(APART).flatMap((part, number) => {
    if (number % 2 || (ALPHABETIC.test(part) && !CONTRACTION.test(part))) return [part];
    return part ? wordParts(part) : [];
  });
}

/** Splits clitics and apostrophes off a word. */
function wordParts(word) {
  let text = word.replace(OPENING_APOSTROPHE, "' ").replace(CLOSING_APOSTROPHE, "$1 '");
  text = text.replace(CLITIC, "$1 $2").replace(LONG_CLITIC, "$1 $2");
  if (CONTRACTION.test(text)) for (const pattern of CONTRACTIONS) text = text.replace(pattern, " $1 $2 ");
  return text.split(SPACE_RUN).filter(Boolean);
}

/** Puts a mark between each two of the tokens, which all touch, on the one that is less of a word. */
function marked(tokens) {
  const left = tokens.map(() => false);
  const right = tokens.map(() => false);
  const isWord = (token) => HAS_ALPHANUMERIC.test(token);
  let opens = false;
  for (let number = 0; number + 1 < tokens.length; number++) {
    const [token, following] = [tokens[number], tokens[number + 1]];
    const before = number === 0 || opens || DASHES.has(tokens[number - 1]);
    opens = OPENING.has(token) || (STRAIGHT.has(token) && before);
    if (opens || (!isWord(token) && (isWord(following) || OPENING.has(following)))) right[number] = true;
    else left[number + 1] = true;
  }
  return tokens.map((token, number) => {
    if (token === JOINER) return JOINER + token + JOINER;
    return (left[number] ? JOINER : "") + token + (right[number] ? JOINER : "");
  });
}

/** Whether a token is marked to touch what stands left of it, and right of it. */
function joins(token) {
  const left = token.length > 1 && token[0] === JOINER;
  return [left, token.length > 1 + left && token.endsWith(JOINER)];
}

/** A token's text without its marks. */
function surface(token) {
  const [left, right] = joins(token);
  return token.slice(left ? 1 : 0, token.length - (right ? 1 : 0));
}

/** One token per word or punctuation mark. */
class WordTokenizer extends Tokenizer {
  constructor(content) {
    super(content);
    for (const token of this.tokens.slice(0, NUM_SPECIAL)) this.ids.delete(token);
    this.joined = this.tokens.map((token) => {
      const [left, right] = ALL_SPACE.test(token) ? [true, true] : joins(token);
      return { left, text: surface(token), right };
    });
    this.joined[UNK] = { left: false, text: UNKNOWN_TEXT, right: false };
  }

  encode(text) {
    return this.rewritten(splitWords(this.cased(text))).map((token) => this.idOf(token));
  }

  /** Replaces tokens that the vocabulary lacks by others that have the same text, where there are any. */
  rewritten(tokens) {
    return tokens.flatMap((token) => (this.ids.has(token) ? [token] : this.otherTokens(token)));
  }

  otherTokens(token) {
    if (token === "\n" || ALPHABETIC.test(token)) return [token];
    const fullStop = `${JOINER}.`;
    if (token.endsWith(".") && this.ids.has(token.slice(0, -1)) && this.ids.has(fullStop)) {
      return [token.slice(0, -1), fullStop];
    }
    if (!ALL_SPACE.test(token)) return [token];
    const runs = [];
    let number = token[0] === " " ? token.length : 0;
    for (let size = number - 1; size > 0; size--) {
      for (; number >= size && this.ids.has(" ".repeat(size)); number -= size) runs.push(" ".repeat(size));
    }
    return runs;
  }

  /** The id of a token, or of the same punctuation mark with its joiners elsewhere. */
  idOf(token) {
    if (this.ids.has(token)) return this.ids.get(token);
    if (token === "\n" || ALPHABETIC.test(token)) return UNK;
    const text = surface(token);
    const forms = [JOINER + text, text + JOINER, text, JOINER + text + JOINER];
    const form = forms.find((one) => this.ids.has(one));
    return form === undefined ? UNK : this.ids.get(form);
  }

  /** What each id stands for; where case is lost, as it was written. */
  tokenTexts(text) {
    let tokens = this.rewritten(splitWords(this.cased(text)));
    if (this.lowercase) {
      const written = this.rewritten(splitWords(text));
      const same = written.length === tokens.length && written.every((one, i) => one.toLowerCase() === tokens[i]);
      tokens = same ? written : tokens;
    }
    return tokens.map(surface);
  }

  tokenText(id) {
    return surface(this.tokens[id]);
  }

  decoder() {
    return new WordDecoder(this.joined);
  }

  get indexedTexts() {
    return this.joined.map(({ left, text }) => utf8(left ? text : ` ${text}`));
  }
}

/** Puts a space between two tokens unless one of them is marked to touch the other. */
class WordDecoder {
  constructor(joinedTokens) {
    this.joined = joinedTokens;
    this.touchesNext = true;
  }

  feed(id) {
    if (id === PAD || id === BOS || id === EOS) return "";
    const { left, text, right } = this.joined[id];
    const gap = left || this.touchesNext ? "" : " ";
    this.touchesNext = right;
    return gap + text;
  }

  finish() {
    return "";
  }

  skip(ids) {
    for (const id of ids) this.feed(id);
  }
}
