// The view of a forecaster: a series, and the fan of what may come after it.

const [HEIGHT, LEFT, RIGHT, BOTTOM, TOP] = [320, 64, 8, 28, 12]; // pixels
const SHOWN_PAST = 4; // horizons of the past that are drawn

const svg = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

/** A number with about five digits that count. */
function shownNumber(value) {
  const digits = value ? Math.max(0, 4 - Math.floor(Math.log10(Math.abs(value)))) : 0;
  return value.toLocaleString("en", { minimumFractionDigits: Math.min(digits, 8), maximumFractionDigits: Math.min(digits, 8) });
}

/** Round numbers between two, about five of them. */
function roundNumbers(low, high) {
  const about = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(about));
  const step = [1, 2, 5, 10].find((times) => times * power >= about) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The numbers in a text, between which stand spaces, commas, semicolons or new lines. */
function numbersIn(text) {
  return text.split(/[\s,;]+/u).filter(Boolean).map((part) => {
    const number = Number(part);
    if (!Number.isFinite(number)) throw new RangeError(`${part} is not a number. Write numbers such as 12.5.`);
    return number;
  });
}

function begin(model) {
  const { config, series } = model;
  let draw = () => {};
  const values = byId("values");
  const chosen = () => series[Number(byId("series").value)] ?? null;
  for (const [place, { name }] of series.entries()) byId("series").append(new Option(name || "series", place));
  byId("series-choice").hidden = series.length < 2;

  function showSeries() {
    values.value = chosen() ? chosen().values.join("\n") : "";
    const last = chosen()?.labels.at(-1);
    const end = last && last !== "0" ? ` The last value stands at ${last}.` : "";
    byId("values-help").textContent = `At least ${config.lookback} numbers with decimal points, between them spaces, commas or new lines.${end} Change them, or put others in their place.`;
  }

  /** The chart: the end of the past, bands between quantiles, and the point forecast. */
  function chartOf(past, rows) {
    const kept = past.slice(-Math.max(SHOWN_PAST * config.horizon, 10));
    const all = [...kept, ...rows.flat()];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const margin = 0.05 * (high - low || 1);
    const steps = kept.length + rows.length - 1;
    const width = byId("chart").clientWidth;
    const x = (step) => LEFT + ((width - LEFT - RIGHT) * step) / Math.max(steps, 1);
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low + margin) / (high - low + 2 * margin || 1));
    const line = (points) => points.map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    const later = (column) => rows.map((row, step) => [kept.length + step, row[column]]);
    const now = [kept.length - 1, kept[kept.length - 1]];
    const title = `The series and a forecast of ${rows.length} steps, from ${shownNumber(rows[0][0])} to ${shownNumber(rows.at(-1)[0])}`;
    const chart = svg("svg", { class: "fan", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": title });
    for (const value of roundNumbers(low, high)) {
      chart.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
      chart.append(svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, value.toLocaleString("en", { maximumFractionDigits: 8 })));
    }
    const numLevels = config.quantiles.length;
    for (let level = 1; level <= numLevels / 2; level++) {
      const band = [now, ...later(level), ...later(numLevels + 1 - level).reverse()];
      chart.append(svg("path", { class: "band", d: `${line(band)}Z` }));
    }
    chart.append(svg("path", { class: "past", d: line(kept.map((value, step) => [step, value])) }));
    chart.append(svg("path", { class: "point", d: line([now, ...later(0)]) }));
    const labels = labelsOf(rows.length);
    chart.append(svg("text", { x: x(kept.length - 1), y: HEIGHT - 8, "text-anchor": "middle" }, chosen()?.labels.at(-1) ?? "now"));
    chart.append(svg("text", { x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, labels.at(-1)));
    return chart;
  }

  const labelsOf = (number) => chosen()?.futureLabels ?? Array.from({ length: number }, (_, step) => `+${step + 1}`);

  function tableOf(rows) {
    const levels = config.quantiles.map((level) => `${+(100 * level).toFixed(1)} % are below`);
    const heads = ["step", "forecast", ...levels].map((name) => element("th", { scope: "col" }, name));
    const labels = labelsOf(rows.length);
    const body = rows.map((row, step) =>
      element("tr", {}, element("th", { scope: "row" }, labels[step]), ...row.map((value) => element("td", {}, shownNumber(value)))),
    );
    const caption = element("caption", {}, "The forecast, and the quantiles of what may come.");
    return element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
  }

  onSend(async () => {
    say("Forecasting …");
    await pause();
    const numbers = numbersIn(values.value);
    const rows = model.forecast(numbers, chosen());
    draw = () => byId("chart").replaceChildren(chartOf(numbers, rows));
    draw();
    byId("table").replaceChildren(tableOf(rows));
    document.body.dataset.first ??= Math.round(performance.now());
    document.body.dataset.rate = "done";
    say(`${labelsOf(rows.length)[0]}: ${shownNumber(rows[0][0])}; ${labelsOf(rows.length).at(-1)}: ${shownNumber(rows.at(-1)[0])}.`);
  });
  byId("series").addEventListener("input", showSeries);
  window.addEventListener("resize", () => draw());
  showSeries();
}

whenLoaded(begin);
return shared;
