// What all views share: elements, colours, messages, and keys. In the browser's console, `page.model` is the model.

const shared = {}; // what a view returns

const FRAME = 40; // milliseconds
const byId = (id) => document.getElementById(id);

/** A share in percent, with as many digits as count. */
function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return share >= 0.0995 ? `${Math.round(100 * share)} %` : `${(100 * share).toFixed(1)} %`;
}

/** A bar that is as long as a share, for the eye alone. */
function barOf(share) {
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${100 * share}%`;
  return bar;
}

/** Makes an element with attributes, of which null leaves one out, and children. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Tells everybody what has happened, and those who listen what is to be seen elsewhere. */
function say(text, heard = "") {
  byId("status").replaceChildren(text, element("span", { class: "heard" }, heard && ` ${heard}`));
}

/** Lets the browser show what there is. */
const pause = () =>
  new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => (channel.port1.close(), resolve());
    channel.port2.postMessage(null);
  });

/** Shows what is new and pauses, at first and then once a frame: showing takes longer than computing. */
function frames(show = () => {}) {
  let last = -Infinity;
  return async () => {
    if (performance.now() - last < FRAME) return;
    show();
    await pause();
    last = performance.now();
  };
}

/** Colours an element: from nothing at 0 to warm at 1 and, where there are such values, to cool at -1. */
function shade(shaded, value) {
  const strength = Math.min(Math.abs(value), 1);
  const colour = value < 0 ? "var(--cool)" : "var(--warm)";
  shaded.style.backgroundColor = strength < 0.02 ? "" : `rgb(${colour} / ${(0.6 * strength).toFixed(3)})`;
}

/** Arrow keys move among the marked elements of a container, of which Tab reaches one. */
function roveIn(container, selector) {
  const items = () => [...container.querySelectorAll(selector)];
  const choose = (item) => {
    for (const other of container.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    item.tabIndex = 0;
  };
  container.addEventListener("focusin", ({ target }) => target.matches(selector) && choose(target));
  container.addEventListener("keydown", (event) => {
    const all = items();
    const place = all.indexOf(document.activeElement);
    const places = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: all.length - 1 };
    if (place < 0 || !(event.key in places)) return;
    event.preventDefault();
    all[Math.max(0, Math.min(places[event.key], all.length - 1))].focus();
  });
}

/** Keeps the number beside a slider up to date. */
function showValueOf(slider, shown = (value) => value) {
  const output = byId(`${slider.id}-value`);
  const show = () => (output.textContent = shown(Number(slider.value)));
  slider.addEventListener("input", show);
  show();
}

/** Shows a sentence that says what went wrong, or nothing. */
function complain(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

/**
 * Runs the work of a form when it is sent, until it is done or Stop is pressed. Work that is begun anew replaces the one
 * before, which shows nothing any more. Returns what begins it.
 */
function onSend(work) {
  const [form, send, stop] = [byId("form"), byId("send"), byId("stop")];
  let running = null;
  const run = async (...given) => {
    if (running) running.isStopped = running.isReplaced = true;
    const mine = { isStopped: false, isReplaced: false };
    running = mine;
    complain("");
    stop.disabled = false;
    try {
      await work(mine, ...given);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      complain(error.message);
      say("");
    } finally {
      if (running === mine) {
        if (document.activeElement === stop) send.focus();
        stop.disabled = true;
        running = null;
      }
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(send);
  });
  stop.addEventListener("click", () => running && (running.isStopped = true));
  return run;
}

/** Loads the model, then begins; what stands above is to be seen by then. */
function whenLoaded(begin) {
  say("Loading …");
  setTimeout(() => {
    shared.model = textrnn.load(byId("model").textContent, byId("weights").textContent);
    begin(shared.model);
    byId("weights").remove(); // the text of the numbers is needed no more
    say("Ready.");
    byId("send").disabled = false;
    document.body.dataset.ready = Math.round(performance.now());
  });
}
