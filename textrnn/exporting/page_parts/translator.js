// A translator: encoder, attention, decoder; greedy search as textrnn/inference/beam_search.py has it with one beam.

const MAX_LENGTH_RATIO = 2;
const INVISIBLE = /[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]/gu;

/** A sentence as translators read it: NFC, without invisible characters, with single spaces within. */
function normalized(sentence) {
  const text = sentence.replace(INVISIBLE, "").normalize("NFC").split(SPACE_RUN).filter(Boolean).join(" ");
  return text.replace(/[\u200c\u200d ]/gu, "") ? text : "";
}

class EncoderDecoder {
  constructor(config, weights) {
    this.config = config;
    this.weights = weights;
    this.targetEmbeddings = weights["target_embedding/embeddings"];
    this.sourceEmbeddings = config.joint_vocabulary ? this.targetEmbeddings : weights["source_embedding/embeddings"];
    this.output = config.tie_weights ? this.targetEmbeddings : weights["output/kernel"];
    const how = { prefix: "encoder", directions: ["", "_backward"] };
    this.encoder = new RecurrentStack(config.cell, weights, config.encoder_units.length, how);
    this.decoder = config.decoder_units.map((_, layer) => new Cell(config.cell, weights, `decoder_${layer}`));
  }

  /** Reads a source sentence, its end included: what attention chooses from, and the decoder's first states. */
  encode(ids) {
    const [values, ends] = this.encoder.read(ids.map((id) => this.sourceEmbeddings.row(id)));
    const kernel = this.weights["attention/memory_kernel"];
    const keys = kernel ? values.map((value) => kernel.times(value)) : values;
    const states = this.decoder.map((cell, layer) =>
      Array.from({ length: cell.numStates }, (_, state) => this.projected(`bridge_${layer}_${state}`, ends)),
    );
    return { memory: { values, keys }, states };
  }

  /** Reads one target token: the logits of the next one, the states after it, and where attention was. */
  step(id, states, memory) {
    const after = [this.decoder[0].step(this.targetEmbeddings.row(id), states[0])];
    let [hidden] = after[0];
    const attention = softmax(this.attentionScores(hidden, memory.keys));
    const context = new Float32Array(memory.values[0].length);
    memory.values.forEach((value, place) => value.forEach((x, i) => (context[i] += attention[place] * x)));
    this.decoder.slice(1).forEach((cell, layer) => {
      after.push(cell.step(joined(hidden, context), states[layer + 1]));
      [hidden] = after[layer + 1];
    });
    const combined = this.projected("combination", joined(hidden, context));
    return { logits: this.output.times(combined, this.weights["output/bias"]), states: after, attention };
  }

  attentionScores(query, keys) {
    if (this.config.attention !== "additive") return new Matrix(joined(...keys), keys.length, query.length).times(query);
    const asked = this.weights["attention/query_kernel"].times(query, this.weights["attention/bias"]);
    const vector = this.weights["attention/vector"];
    return keys.map((key) => key.reduce((sum, x, i) => sum + Math.tanh(asked[i] + x) * vector[i], 0));
  }

  projected(name, input) {
    return this.weights[`${name}/kernel`].times(input, this.weights[`${name}/bias`]).map(Math.tanh);
  }
}

class Translator {
  constructor(model, arrays) {
    this.config = model.config;
    const made = Object.entries(model.tokenizers).map(([name, one]) => [name, makeTokenizer(one, arrays, name)]);
    const tokenizers = Object.fromEntries(made);
    this.source = tokenizers.tokenizer ?? tokenizers.source_tokenizer;
    this.target = tokenizers.tokenizer ?? tokenizers.target_tokenizer;
    this.maySayUnknown = this.source.level === "word";
    this.maxTokens = model.maxTokens;
    this.network = new EncoderDecoder(model.config, weightsOf(model, arrays));
  }

  /** Begins the translation of a sentence; null if there is nothing to translate. */
  begin(typed) {
    const sentence = normalized(this.source.withKnownMarks(typed));
    const sourceIds = this.source.encode(sentence);
    if (!sourceIds.length) return null;
    if (sourceIds.length > this.maxTokens) throw new RangeError(`At most ${this.maxTokens} tokens are translated at once.`);
    const { memory, states } = this.network.encode([...sourceIds, EOS]);
    const limit = Math.floor(MAX_LENGTH_RATIO * sourceIds.length) + 10;
    const sourceTokens = [...sourceIds.map((id) => this.source.tokenText(id)), "<eos>"];
    return { sentence, sourceIds, sourceTokens, memory, states, limit, steps: [], isFinished: false };
  }

  /** Writes one more token of a translation; returns its step. */
  write(translation) {
    const { steps, memory, states, limit } = translation;
    const last = steps.length ? steps[steps.length - 1].id : BOS;
    const { logits, states: after, attention } = this.network.step(last, states, memory);
    const probabilities = softmax(logits);
    logits[PAD] = logits[BOS] = -Infinity;
    if (!this.maySayUnknown) logits[UNK] = -Infinity;
    const id = steps.length + 1 >= limit ? EOS : highestIndex(logits);
    const token = id === EOS ? "<eos>" : this.target.tokenText(id);
    steps.push({ id, token, probability: probabilities[id], attention });
    Object.assign(translation, { states: after, isFinished: id === EOS });
    return steps[steps.length - 1];
  }

  /** The text of a translation; an unknown token becomes the source token that it looked at most. */
  text({ sentence, sourceIds, steps }) {
    const written = steps.filter((step) => step.id !== EOS);
    let text = this.target.decode(written.map((step) => step.id));
    if (written.some((step) => step.id === UNK)) {
      const words = this.source.tokenTexts(sentence);
      const unknown = words.map((_, place) => place).filter((place) => sourceIds[place] === UNK);
      const places = unknown.length ? unknown : words.map((_, place) => place);
      for (const { id, attention } of written) {
        if (id !== UNK) continue;
        const place = places.reduce((best, one) => (attention[one] > attention[best] ? one : best));
        text = text.replace(UNKNOWN_TEXT, () => words[place]);
      }
    }
    return text.replaceAll(UNKNOWN_TEXT, "").trim(); // what is left are bytes that make no character
  }

  translate(typed) {
    const translation = this.begin(typed);
    if (!translation) return { text: "", ids: [], attention: [] };
    while (!translation.isFinished) this.write(translation);
    const { steps } = translation;
    return {
      text: this.text(translation),
      ids: steps.map((step) => step.id),
      attention: steps.map((step) => Array.from(step.attention)),
    };
  }
}

const makeModel = (model, arrays) => new Translator(model, arrays);
