// A language model: reads a prompt, says what may come next, and writes on; textrnn/inference has the same in NumPy.

const MAX_TAKEN_BACK = 8; // tokens of a prompt whose end is healed
const CONTEXT = 32; // tokens before a text that decide how it is decoded
const NUM_CANDIDATES = 12;
const LAST_BLANKS = new RegExp(`[ ${BLANK.replace("\\t-\\r", "\\t\\x0b-\\r")}]+$`, "u"); // no newline

/** Finds tokens by how their bytes begin. */
class TokenIndex {
  constructor(texts) {
    this.texts = texts.map((text, id) => (id < NUM_SPECIAL ? "" : text));
    const order = texts.map((_, id) => id).filter((id) => this.texts[id]);
    this.order = order.sort((a, b) => (this.texts[a] < this.texts[b] ? -1 : this.texts[a] > this.texts[b] ? 1 : a - b));
  }

  /** The tokens that begin with some bytes, or are them. */
  startingWith(text) {
    let [low, high] = [0, this.order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.texts[this.order[middle]] < text) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (end < this.order.length && this.texts[this.order[end]].startsWith(text)) end++;
    return this.order.slice(low, end);
  }

  longerThan(text) {
    return this.startingWith(text).filter((id) => this.texts[id].length > text.length);
  }

  joined(ids) {
    return ids.map((id) => this.texts[id]).join("");
  }
}

/** The network: token ids to the logits of the next one. */
class RecurrentNetwork {
  constructor(config, weights) {
    this.embeddings = weights["embedding/embeddings"];
    this.output = config.tie_weights ? this.embeddings : weights["output/kernel"];
    this.outputBias = weights["output/bias"];
    this.projection = weights["projection/kernel"];
    const isNormalized = config.layer_normalization;
    this.stack = new RecurrentStack(config.cell, weights, config.units.length, { isNormalized });
  }

  /** What the network is after a token: its states, and the output of its last layer. */
  read(id, { states }) {
    const [hidden, after] = this.stack.step(this.embeddings.row(id), states);
    return { hidden, states: after };
  }

  logits({ hidden }) {
    return this.output.times(this.projection ? this.projection.times(hidden) : hidden, this.outputBias);
  }
}

class LanguageModel {
  constructor(model, arrays) {
    this.config = model.config;
    this.tokenizer = makeTokenizer(model.tokenizers.tokenizer, arrays, "tokenizer");
    this.index = new TokenIndex(this.tokenizer.indexedTexts);
    this.network = new RecurrentNetwork(model.config, weightsOf(model, arrays));
    this.begin = model.begin;
  }

  /** What to read for a text: token ids, and bytes after them that no token spells but longer ones begin with. */
  prompt(typed) {
    const text = this.tokenizer.withKnownMarks(asRead(typed));
    let [kept, unfinished] = [text, ""];
    if (this.tokenizer.level !== "char") [kept, unfinished] = this.withoutLastSpaces(text);
    if (this.tokenizer.level === "word" && kept === text) [kept, unfinished] = this.withoutUnfinishedWord(text);
    let ids = [...this.begin, ...this.tokenizer.encode(kept)];
    if (!ids.length && kept !== text) [ids, unfinished] = [this.tokenizer.encode(text), ""]; // something must be read
    return { ids: ids.length ? ids : [BOS], unfinished };
  }

  withoutLastSpaces(text) {
    const kept = text.replace(LAST_BLANKS, "");
    if (kept === text) return [text, ""];
    const before = kept === "" || kept.endsWith("\n") ? " " : ""; // subwords have one before each line
    const spaces = utf8(before + text.slice(kept.length));
    return [kept, this.index.longerThan(spaces).length ? spaces : " "];
  }

  withoutUnfinishedWord(text) {
    const line = text.slice(text.lastIndexOf("\n") + 1);
    const words = this.tokenizer.tokenTexts(line);
    const last = words[words.length - 1];
    if (!words.length || this.tokenizer.encode(line).pop() !== UNK || !text.endsWith(last)) return [text, ""];
    const word = this.tokenizer.cased(last);
    const beginning = utf8(word === "\n" ? word : ` ${word}`);
    if (!this.index.longerThan(beginning).length) return [text, ""];
    return [text.slice(0, text.length - last.length).replace(LAST_BLANKS, ""), beginning];
  }

  /** Reads a prompt, up to where its end is taken back: the texts of its tokens, and what the network is after each. */
  read(typed) {
    const { ids, unfinished } = this.prompt(typed);
    let after = { states: this.network.stack.initialStates() };
    const trail = ids.map((id) => (after = this.network.read(id, after)));
    const open = !unfinished && this.tokenizer.level === "subword";
    const [end, rest] = open ? this.takenBack(ids, trail) : [ids.length, unfinished];
    const read = { ids: ids.slice(0, end), unfinished: rest, trail: trail.slice(0, end) };
    return { ...read, known: this.knownText(read.ids, rest), typed };
  }

  /** Where the last word of a prompt ends if one longer token is more probable than its tokens, and what is left. */
  takenBack(ids, trail) {
    let [score, best] = [0, { score: -Infinity }]; // the log-probability of the word's tokens
    for (let end = this.firstOpenEnd(ids); end < ids.length; end++) {
      const row = softmax(this.network.logits(trail[end - 1]));
      const unfinished = this.index.joined(ids.slice(end));
      const longer = this.index.longerThan(unfinished);
      if (longer.length) {
        const way = score + Math.log(longer.reduce((highest, id) => Math.max(highest, row[id]), 0));
        if (way >= best.score) best = { score: way, end, unfinished }; // of equals the shorter end
      }
      score += Math.log(row[ids[end]]);
    }
    return best.score > score ? [best.end, best.unfinished] : [ids.length, ""];
  }

  /** The first place in the last word from which one longer token could stand, or the end. */
  firstOpenEnd(ids) {
    let first = ids.length;
    for (let place = ids.length - 1; place >= Math.max(ids.length - MAX_TAKEN_BACK, 1); place--) {
      const text = this.index.texts[ids[place]];
      if (!text || text === "\n") break;
      if (this.index.longerThan(this.index.joined(ids.slice(place))).length) first = place;
      if (text.startsWith(" ")) break;
    }
    return first;
  }

  /** What the end of a prompt that was taken back adds to the text of the tokens before it. */
  knownText(ids, unfinished) {
    if (!unfinished) return "";
    const token = this.index.longerThan(unfinished).pop();
    const decoder = this.tokenizer.decoder();
    decoder.skip(ids);
    const text = decoder.feed(token) + decoder.finish();
    const bytes = this.index.texts[token].slice(unfinished.length);
    return text.slice(0, text.length - new TextDecoder().decode(asBytes(bytes)).length);
  }

  /** Begins a text after a prompt. */
  continuation(typed) {
    return new Continuation(this, this.read(typed));
  }

  /** The token ids and the text that follow a prompt, for as many tokens as `maxTokens` says. */
  generate(typed, maxTokens, options) {
    const text = this.continuation(typed);
    while (text.steps.length < maxTokens && !text.isFinished) text.write(options);
    return { ids: text.steps.map((step) => step.id), text: typed + text.written() };
  }

  /** The most probable tokens after a prompt with their probabilities. */
  nextTokens(typed) {
    return this.continuation(typed).candidates();
  }
}

/** A text in the making: a prompt, and the steps that were written after it. */
class Continuation {
  constructor(model, read) {
    Object.assign(this, { model, read, steps: [] });
  }

  get isFinished() {
    return this.steps.length > 0 && this.steps[this.steps.length - 1].id === EOS;
  }

  /** What the network is before a step. */
  before(index) {
    return index ? this.steps[index - 1].after : this.read.trail[this.read.trail.length - 1];
  }

  /** Which tokens may come at a step, or null if all that are ever written may. */
  allowed(index) {
    return index || !this.read.unfinished ? null : new Set(this.model.index.startingWith(this.read.unfinished));
  }

  /** The logits at a step, -Infinity for tokens that may not come. */
  scores(logits, index) {
    const scores = new Float64Array(logits);
    const allowed = this.allowed(index);
    if (allowed) scores.forEach((_, id) => allowed.has(id) || (scores[id] = -Infinity));
    return scores.fill(-Infinity, 0, EOS);
  }

  /** Chooses one more token: the most probable one at temperature 0, else a drawn one. */
  write({ temperature = 0, topP = 1, random = Math.random } = {}) {
    const logits = this.model.network.logits(this.before(this.steps.length));
    const scores = this.scores(logits, this.steps.length);
    const id = scores.every((score) => score === -Infinity) ? EOS : drawn(scores, temperature, topP, random);
    return this.append(id, logits);
  }

  /** Takes another token at a step, in the place of it and of all that follows. */
  take(index, id) {
    this.steps.length = index;
    return this.append(id, this.model.network.logits(this.before(index)));
  }

  append(id, logits) {
    const before = this.before(this.steps.length);
    const after = id === EOS ? before : this.model.network.read(id, before);
    const step = { id, probability: softmax(logits)[id], after };
    this.steps.push(step);
    return step;
  }

  /** The most probable tokens at a step, among those that may come, and how probable each is at a temperature. */
  candidates(index = this.steps.length, temperature = 1) {
    const scores = this.scores(this.model.network.logits(this.before(index)), index);
    const best = highest(scores, NUM_CANDIDATES);
    if (temperature === 0) return best.map((id, place) => ({ id, probability: place ? 0 : 1 }));
    const probabilities = softmax(scores.map((score) => score / temperature));
    return best.map((id) => ({ id, probability: probabilities[id] }));
  }

  /** The text that each step adds; that of an unfinished character comes with its last byte. */
  texts() {
    const decoder = this.model.tokenizer.decoder();
    decoder.skip(this.read.ids.slice(-CONTEXT));
    let known = this.read.known;
    const added = (text) => {
      let same = 0;
      while (same < text.length && text[same] === known[same]) same++;
      known = same === text.length ? known.slice(same) : "";
      return text.slice(same);
    };
    const texts = this.steps.map((step) => added(step.id === EOS ? "" : decoder.feed(step.id)));
    if (texts.length) texts[texts.length - 1] += added(decoder.finish());
    return texts;
  }

  written() {
    return this.texts().join("");
  }
}

/** The indices of the `number` highest of some scores, the highest first; never of -Infinity. */
function highest(scores, number) {
  const best = [];
  scores.forEach((score, id) => {
    if (score === -Infinity || (best.length === number && score <= scores[best[number - 1]])) return;
    let place = best.length;
    while (place > 0 && scores[best[place - 1]] < score) place--;
    best.splice(place, 0, id);
    if (best.length > number) best.pop();
  });
  return best;
}

/** Draws a token among the fewest that hold `topP` of the probability. */
function drawn(scores, temperature, topP, random) {
  if (temperature === 0) return highestIndex(scores);
  const shares = softmax(scores.map((score) => score / temperature));
  const sorted = Float64Array.from(shares).sort().reverse();
  let [kept, least] = [0, 0];
  for (const share of sorted) {
    kept += share;
    least = share;
    if (kept >= topP) break;
  }
  const candidates = [];
  shares.forEach((share, id) => share >= least && share > 0 && candidates.push(id));
  let rest = random() * candidates.reduce((sum, id) => sum + shares[id], 0);
  return candidates.find((id) => (rest -= shares[id]) < 0) ?? candidates[candidates.length - 1];
}

const makeModel = (model, arrays) => new LanguageModel(model, arrays);
