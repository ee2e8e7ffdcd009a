// Arrays of numbers: read from base64 as textrnn/weight_formats.py writes them, and multiplied.

const GROUP = 32; // weights that share a scale where rows do not have one each

/** The bytes that a text of base64 stands for. */
function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64); // of browsers since 2025, and faster
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Float32Array of float16 numbers, given as their bits. */
function fromFloat16(bits) {
  const table = new Float32Array(65536);
  for (let number = 0; number < 65536; number++) {
    const exponent = (number >> 10) & 31;
    const fraction = number & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    table[number] = number & 32768 ? -size : size;
  }
  return Float32Array.from(bits, (number) => table[number]);
}

const VIEWS = { F64: Float64Array, F32: Float32Array, F16: Uint16Array, I8: Int8Array, U8: Uint8Array };

/** The arrays of a page by name; those of float16 numbers as Float32Array. */
function arraysOf(layouts, base64) {
  const { buffer } = bytesOf(base64);
  const arrays = {};
  for (const [name, { type, size, begin }] of Object.entries(layouts)) {
    const view = new VIEWS[type](buffer, begin, size);
    arrays[name] = type === "F16" ? fromFloat16(view) : view;
  }
  return arrays;
}

/** Whole numbers from -7 to 7 that bytes hold, two each, the low half first. */
function unpacked(bytes) {
  const numbers = new Int8Array(2 * bytes.length);
  bytes.forEach((byte, i) => {
    numbers[2 * i] = (byte & 15) - 8;
    numbers[2 * i + 1] = (byte >> 4) - 8;
  });
  return numbers;
}

/** The weights called `name`, float32, of `rows * columns` numbers. */
function restored(arrays, name, rows, columns, isInt4) {
  const scales = arrays[`${name}/scales`];
  const bitmap = arrays[`${name}/bitmap`];
  let values = scales && isInt4 ? unpacked(arrays[name]) : arrays[name];
  if (scales) values = scaled(values, scales, isInt4 || bitmap || columns < GROUP ? GROUP : columns);
  const size = rows * columns;
  if (!bitmap) return values.length === size ? values : values.slice(0, size); // a half byte may follow
  const weights = new Float32Array(size);
  for (let i = 0, next = 0; i < size; i++) if ((bitmap[i >> 3] >> (7 - (i & 7))) & 1) weights[i] = values[next++];
  return weights;
}

/** Whole numbers times their scales, of which `length` numbers that follow one another share one. */
function scaled(numbers, scales, length) {
  const result = new Float32Array(numbers.length);
  for (let group = 0, i = 0; i < numbers.length; group++) {
    const scale = scales[group];
    for (const end = Math.min(i + length, numbers.length); i < end; i++) result[i] = numbers[i] * scale;
  }
  return result;
}

/** Rows of weights, each of which is multiplied with a vector. */
class Matrix {
  constructor(data, rows, columns) {
    Object.assign(this, { data, rows, columns });
  }

  /** One row, not copied. */
  row(index) {
    return this.data.subarray(index * this.columns, (index + 1) * this.columns);
  }

  transposed() {
    const { data, rows, columns } = this;
    const result = new Float32Array(data.length);
    for (let begin = 0; begin < columns; begin += 16) {
      // Few columns at a time, so that what is written stays in the cache.
      const end = Math.min(begin + 16, columns);
      for (let i = 0; i < rows; i++) for (let j = begin; j < end; j++) result[j * rows + i] = data[i * columns + j];
    }
    return new Matrix(result, columns, rows);
  }

  /** The product with a vector of `columns` numbers, plus a bias; eight rows at a time, which is four times as fast. */
  times(vector, bias = null) {
    const { data, rows, columns } = this;
    const result = new Float32Array(rows);
    let row = 0;
    for (let begin = 0; row + 7 < rows; row += 8, begin += 8 * columns) {
      let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let i = 0; i < columns; i++) {
        const x = vector[i];
        let place = begin + i;
        a += x * data[place];
        b += x * data[(place += columns)];
        c += x * data[(place += columns)];
        d += x * data[(place += columns)];
        e += x * data[(place += columns)];
        f += x * data[(place += columns)];
        g += x * data[(place += columns)];
        h += x * data[(place += columns)];
      }
      result.set([a, b, c, d, e, f, g, h], row);
    }
    for (; row < rows; row++) {
      let sum = 0;
      for (let i = 0, place = row * columns; i < columns; i++, place++) sum += vector[i] * data[place];
      result[row] = sum;
    }
    if (bias) for (let i = 0; i < rows; i++) result[i] += bias[i];
    return result;
  }
}

/** The weights of a network by name: vectors, and matrices whose kernels stand transposed, ready for `times`. */
function weightsOf(model, arrays) {
  const weights = {};
  for (const [name, shape] of Object.entries(model.shapes)) {
    const isMatrix = name.endsWith("kernel") || name.endsWith("embeddings");
    const rows = shape.length > 1 ? shape[0] : 1;
    const columns = shape[shape.length - 1];
    const data = restored(arrays, name, rows, columns, model.weightFormat === "int4" && isMatrix);
    if (!isMatrix) weights[name] = data;
    else weights[name] = name.endsWith("kernel") ? new Matrix(data, rows, columns).transposed() : new Matrix(data, rows, columns);
  }
  return weights;
}

/** Two or more vectors as one. */
function joined(...vectors) {
  const result = new Float32Array(vectors.reduce((sum, vector) => sum + vector.length, 0));
  let begin = 0;
  for (const vector of vectors) {
    result.set(vector, begin);
    begin += vector.length;
  }
  return result;
}

/** Shares that add up to 1, of scores of any sort: exp(score) / sum. */
function softmax(scores) {
  const shares = new Float64Array(scores);
  const highest = shares[highestIndex(shares)];
  let total = 0;
  for (let i = 0; i < shares.length; i++) total += shares[i] = Math.exp(shares[i] - highest);
  for (let i = 0; i < shares.length; i++) shares[i] /= total;
  return shares;
}

/** The index of the highest number, the first one of equals. */
function highestIndex(numbers) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[best]) best = i;
  return best;
}
