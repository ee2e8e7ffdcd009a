// A classifier of texts: its labels, and which words count; textrnn/inference/classifier.py and tasks/predictions.py.

const GRAM_LENGTHS = [2, 3, 4, 5]; // characters of a piece of a word

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 of a text's UTF-8. */
function crc32(text) {
  let value = 0xffffffff;
  for (const byte of encoder.encode(text)) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

class Classifier {
  constructor(model, arrays) {
    this.config = model.config;
    this.begin = model.begin;
    this.folded = model.folded;
    this.gramPlaces = model.gramPlaces;
    this.linearStep = model.linearStep;
    this.weights = weightsOf(model, arrays);
    this.tokenizer = makeTokenizer(model.tokenizers.tokenizer, arrays, "tokenizer");
    const { cell, units, bidirectional } = model.config;
    const directions = bidirectional ? ["", "_backward"] : [""];
    this.stack = new RecurrentStack(cell, this.weights, units.length, { directions });
  }

  /** The token ids of a text as far as it is read, and what of them is the text's own. */
  encoded(text) {
    const ids = this.tokenizer.encode(text);
    return [...this.begin, ...(ids.length ? ids : [UNK])].slice(0, this.config.max_length);
  }

  /** How probable each label is, for token ids and the text that the linear classifier reads. */
  probabilities(ids, text) {
    const embeddings = this.weights["embedding/embeddings"];
    const [outputs, ends] = this.stack.read(ids.map((id) => embeddings.row(id)));
    const pools = this.config.pooling.map((name) => this.pooled(name, outputs, ends));
    let logits = this.weights["output/kernel"].times(joined(...pools), this.weights["output/bias"]);
    if (this.weights["linear/embeddings"]) {
      const share = this.config.linear_share;
      const linear = this.linear(this.grams(text));
      logits = logits.map((logit, i) => (1 - share) * logit + share * linear[i]);
    }
    const scaled = logits.map((logit) => logit / this.config.temperature);
    return this.config.multi_label ? Float64Array.from(scaled, sigmoid) : softmax(scaled);
  }

  pooled(name, outputs, ends) {
    if (name === "last") return ends;
    const over = (combine, first) => ends.map((_, i) => outputs.reduce((sum, output) => combine(sum, output[i]), first));
    if (name === "max") return over(Math.max, -Infinity);
    if (name === "mean") return over((sum, x) => sum + x, 0).map((sum) => sum / outputs.length);
    const kernel = this.weights["attention/kernel"];
    const vector = this.weights["attention/vector"];
    const scores = outputs.map((output) => {
      const asked = kernel.times(output, this.weights["attention/bias"]);
      return asked.reduce((sum, x, i) => sum + Math.tanh(x) * vector[i], 0);
    });
    const shares = softmax(scores);
    return ends.map((_, i) => outputs.reduce((sum, output, t) => sum + shares[t] * output[i], 0));
  }

  /** The logits of the linear classifier. */
  linear(places) {
    const half = this.gramPlaces / 2;
    const numWords = places.filter((place) => place <= half).length;
    const total = new Float64Array(this.config.labels.length);
    for (const place of places) {
      const number = place <= half ? numWords : places.length - numWords;
      const row = this.weights["linear/embeddings"].row(place);
      row.forEach((x, i) => (total[i] += x / Math.sqrt(Math.max(number, 1))));
    }
    return total.map((sum, i) => this.linearStep * sum + this.weights["linear/bias"][i]);
  }

  /** The places of the words, pairs of words and pieces of words that a text holds. */
  grams(text) {
    const folded = Array.from(text, (character) => this.folded[character] ?? character.toLowerCase()).join("");
    const words = folded.split(SPACE_RUN).filter(Boolean);
    const half = this.gramPlaces / 2;
    const places = new Set();
    words.forEach((word, i) => {
      places.add(1 + (crc32(word) % half));
      if (i) places.add(1 + (crc32(`${words[i - 1]} ${word}`) % half));
      const blank = [" ", ...word, " "];
      for (const size of GRAM_LENGTHS) {
        for (let begin = 0; begin <= Math.max(blank.length - size, 0); begin++) {
          places.add(1 + half + (crc32(blank.slice(begin, begin + size).join("")) % half));
        }
      }
    });
    return [...places];
  }

  /** The tokens of a text, its labels' probabilities, and a function that says how much each token counts. */
  explain(typed) {
    const text = asRead(typed);
    const ids = this.encoded(text);
    const tokens = this.tokenizer.tokenTexts(text).slice(0, ids.length - this.begin.length);
    const probabilities = this.probabilities(ids, text);
    const best = highestIndex(probabilities);
    const blank = this.tokenizer.level === "char" ? "" : " ";
    const effect = (place) => {
      const without = ids.map((id, i) => (i === this.begin.length + place ? UNK : id));
      const rest = tokens.filter((_, i) => i !== place).join(blank);
      return probabilities[best] - this.probabilities(without, rest)[best];
    };
    return { tokens, probabilities, best, effect };
  }

  /** What `explain` says, all of it at once. */
  explained(typed) {
    const { tokens, probabilities, best, effect } = this.explain(typed);
    return { tokens, probabilities: [...probabilities], best, effects: tokens.map((_, place) => effect(place)) };
  }
}

const makeModel = (model, arrays) => new Classifier(model, arrays);
