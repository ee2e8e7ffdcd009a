// A forecaster of series: textrnn/inference/forecasting.py and preprocessing/windows.py for one series without
// variables known beforehand.

const FLAT = 0.01; // share of a series' deviation that a window's deviation counts as at least

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values) => Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));

/** The number that a share of sorted ones lies below, on a line between two of them. */
function quantile(sorted, share) {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

class Forecaster {
  constructor(model, arrays) {
    this.config = model.config;
    this.weights = weightsOf(model, arrays);
    this.stack = new RecurrentStack(model.config.cell, this.weights, model.config.units.length);
    this.series = model.series;
    this.draws = arrays.draws;
    this.numPaths = model.numPaths;
    this.pointIndex = model.pointIndex;
  }

  /** What the network says of a scaled window and what is known beside it: rows of numbers, one for each step. */
  outputs(window, context) {
    const { segment, head_units: hasHead, linear } = this.config;
    const numSegments = window.length / segment;
    const segments = Array.from({ length: numSegments }, (_, i) => window.subarray(i * segment, (i + 1) * segment));
    const [, ends] = this.stack.read(segments);
    let hidden = joined(ends, context);
    const { weights } = this;
    if (hasHead) hidden = weights["head/kernel"].times(hidden, weights["head/bias"]).map((x) => Math.max(x, 0));
    const found = weights["output/kernel"].times(hidden, weights["output/bias"]);
    const steps = this.config.strategy === "recursive" ? 1 : this.config.horizon;
    const size = found.length / steps;
    const lines = linear ? weights["linear/kernel"].times(joined(window, context)) : new Float32Array(steps);
    return Array.from({ length: steps }, (_, step) => Array.from({ length: size }, (__, i) => found[step * size + i] + lines[step]));
  }

  /** The outputs after a window of a series, in what the network reads before scaling. */
  outputsAfter(values, statistics, waves) {
    const window = values.slice(values.length - this.config.lookback);
    let [location, scale] = statistics;
    if (this.config.scaling === "last") location = window[window.length - 1];
    if (this.config.scaling === "window") {
      [location, scale] = [mean(window), Math.max(deviation(window), FLAT * scale)];
    }
    const scaled = Float32Array.from(window, (x) => (x - location) / scale);
    return this.outputs(scaled, Float32Array.from(waves)).map((row) => row.map((x) => x * scale + location));
  }

  /** Location and scale of a series, in what the network reads: those of training, or its own. */
  statistics(series, values) {
    if (series) return series.statistics;
    const spread = deviation(values);
    return [mean(values), spread > 1e-9 * Math.abs(mean(values)) ? spread : 1];
  }

  /** What comes after numbers: for each step the point forecast and the quantiles, rising. */
  forecast(numbers, series = null) {
    const { log, lookback, strategy } = this.config;
    if (numbers.length < lookback) throw new RangeError(`This forecaster reads ${lookback} values; there are ${numbers.length}.`);
    if (log && numbers.some((x) => x <= 0)) throw new RangeError("This forecaster reads logarithms: all values must be above 0.");
    const values = log ? numbers.map(Math.log) : numbers;
    const statistics = this.statistics(series, values);
    const waves = (step) => (series?.waves.length ? series.waves[step] : []);
    const how = strategy === "recursive" ? "recursive" : "direct";
    const rows = this[how](values, statistics, waves).map((row) => this.widened(row));
    return rows.map((row) => (log ? row.map(Math.exp) : row));
  }

  direct(values, statistics, waves) {
    const numQuantiles = this.config.quantiles.length;
    return this.outputsAfter(values, statistics, waves(0)).map((row) => [row[this.pointIndex], ...row.slice(0, numQuantiles)]);
  }

  /** Step by step, each read as if it had happened; quantiles are those of futures that are drawn. */
  recursive(values, statistics, waves) {
    const { horizon, quantiles } = this.config;
    const after = (path, step) => this.outputsAfter([...values, ...path], statistics, waves(step))[0];
    const points = [];
    for (let step = 0; step < horizon; step++) points.push(after(points, step)[this.pointIndex]);
    if (!quantiles.length) return points.map((point) => [point]);
    const paths = Array.from({ length: this.numPaths }, () => []);
    for (let step = 0; step < horizon; step++) {
      paths.forEach((path, number) => {
        const sorted = after(path, step).slice(0, quantiles.length).sort((a, b) => a - b);
        path.push(interpolated(this.draws[step * this.numPaths + number], quantiles, sorted));
      });
    }
    return points.map((point, step) => {
      const sorted = paths.map((path) => path[step]).sort((a, b) => a - b);
      return [point, ...quantiles.map((level) => quantile(sorted, level))];
    });
  }

  /** Moves quantiles away from the point forecast as validation asked for, and sorts them. */
  widened([point, ...quantiles]) {
    if (!quantiles.length) return [point];
    const wider = quantiles.map((x) => point + this.config.widening * (x - point)).sort((a, b) => a - b);
    const isMedian = this.config.point === "median";
    return [isMedian ? wider[this.config.quantiles.indexOf(0.5)] : point, ...wider];
  }
}

/** The value at a place on a line through points; beyond the outermost ones their values. */
function interpolated(place, places, values) {
  if (place <= places[0]) return values[0];
  const above = places.findIndex((one) => one >= place);
  if (above < 0) return values[values.length - 1];
  const share = (place - places[above - 1]) / (places[above] - places[above - 1]);
  return values[above - 1] + share * (values[above] - values[above - 1]);
}

const makeModel = (model, arrays) => new Forecaster(model, arrays);
