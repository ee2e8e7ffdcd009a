// Recurrent layers, one step at a time: textrnn/inference/cells.py and stack.py for a batch of one.

const NORMALIZATION_EPSILON = 1e-3; // that of keras.layers.LayerNormalization

const sigmoid = (x) => 0.5 * Math.tanh(0.5 * x) + 0.5;

/** One recurrent layer in one direction. Its states are arrays of `units` numbers; the first one is the output. */
class Cell {
  constructor(kind, weights, name) {
    this.kind = kind;
    this.kernel = weights[`${name}/kernel`];
    this.recurrentKernel = weights[`${name}/recurrent_kernel`];
    this.bias = weights[`${name}/bias`];
    this.units = this.recurrentKernel.columns;
    this.numStates = kind === "lstm" ? 2 : 1;
    this.gates = this.kernel.rows;
  }

  initialStates() {
    return Array.from({ length: this.numStates }, () => new Float32Array(this.units));
  }

  /** The states after an input; those before stay as they are. */
  step(input, states) {
    const projected = this.kernel.times(input, this.bias.subarray(0, this.gates));
    const product = this.recurrentKernel.times(states[0]);
    return this[this.kind](projected, product, states);
  }

  simple_rnn(projected, product) {
    return [projected.map((x, i) => Math.tanh(x + product[i]))];
  }

  gru(projected, product, [h]) {
    const { units, gates, bias } = this;
    const result = new Float32Array(units);
    for (let i = 0; i < units; i++) {
      const [forZ, forR, forN] = [i, units + i, 2 * units + i];
      const inside = (place) => product[place] + bias[gates + place];
      const z = sigmoid(projected[forZ] + inside(forZ));
      const r = sigmoid(projected[forR] + inside(forR));
      const n = Math.tanh(projected[forN] + r * inside(forN));
      result[i] = n + z * (h[i] - n);
    }
    return [result];
  }

  lstm(projected, product, [, c]) {
    const { units } = this;
    const [output, memory] = [new Float32Array(units), new Float32Array(units)];
    const total = (gate, i) => projected[gate * units + i] + product[gate * units + i];
    for (let i = 0; i < units; i++) {
      memory[i] = sigmoid(total(1, i)) * c[i] + sigmoid(total(0, i)) * Math.tanh(total(2, i));
      output[i] = sigmoid(total(3, i)) * Math.tanh(memory[i]);
    }
    return [output, memory];
  }
}

/** Layers on top of one another, each in one direction or in both. */
class RecurrentStack {
  constructor(kind, weights, numLayers, { prefix = "recurrent", directions = [""], isNormalized = false } = {}) {
    const layers = Array.from({ length: numLayers }, (_, layer) => layer);
    this.cells = layers.map((layer) => directions.map((way) => new Cell(kind, weights, `${prefix}_${layer}${way}`)));
    this.normalizations = isNormalized
      ? layers.map((layer) => [weights[`normalization_${layer}/gamma`], weights[`normalization_${layer}/beta`]])
      : [];
  }

  initialStates() {
    return this.cells.map(([cell]) => cell.initialStates());
  }

  /** Reads one input, in one direction: the output of the last layer, and the states of each. */
  step(input, states) {
    let hidden = input;
    const after = this.cells.map(([cell], layer) => {
      const state = cell.step(hidden, states[layer]);
      hidden = this.normalized(layer, state[0]);
      return state;
    });
    return [hidden, after];
  }

  /** Reads a whole sequence in all directions: the outputs of the last layer, and where its directions have ended. */
  read(inputs) {
    let hidden = inputs;
    let ends = [];
    this.cells.forEach((cells, layer) => {
      const passes = cells.map((cell, way) => outputsOf(cell, hidden, way === 1));
      ends = joined(...passes.map((outputs, way) => outputs[way === 1 ? 0 : outputs.length - 1]));
      ends = this.normalized(layer, ends);
      hidden = inputs.map((_, t) => this.normalized(layer, joined(...passes.map((outputs) => outputs[t]))));
    });
    return [hidden, ends];
  }

  normalized(layer, hidden) {
    if (!this.normalizations.length) return hidden;
    const [gamma, beta] = this.normalizations[layer];
    const mean = hidden.reduce((a, b) => a + b, 0) / hidden.length;
    const variance = hidden.reduce((sum, x) => sum + (x - mean) ** 2, 0) / hidden.length;
    const deviation = Math.sqrt(variance + NORMALIZATION_EPSILON);
    return hidden.map((x, i) => ((x - mean) / deviation) * gamma[i] + beta[i]);
  }
}

/** What a cell makes of a sequence, each output in the place of its input. */
function outputsOf(cell, inputs, isBackwards) {
  const outputs = new Array(inputs.length);
  let states = cell.initialStates();
  for (let number = 0; number < inputs.length; number++) {
    const t = isBackwards ? inputs.length - 1 - number : number;
    states = cell.step(inputs[t], states);
    outputs[t] = states[0];
  }
  return outputs;
}
