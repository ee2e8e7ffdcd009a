// The view of a language model: tokens as they are written, each of which can be exchanged for another.

const { EOS } = textrnn;
const FAINTEST = 10; // bits of surprise at which a token is coloured most

function begin(model) {
  const [text, choices] = [byId("text"), byId("choices")];
  const { units } = model.config;
  const temperature = () => Number(byId("temperature").value);
  let continuation = null;
  let chosen = -1; // the step whose alternatives are shown

  for (let layer = 1; layer <= units.length; layer++) byId("layer").append(new Option(layer, layer));
  showValueOf(byId("temperature"), (value) => value.toFixed(2));
  showValueOf(byId("top-p"), percent);
  showValueOf(byId("max-tokens"));
  roveIn(text, ".token");

  /** How a token is called and coloured, by what the network was at it. */
  function describe(shown, probability, { states }) {
    if (byId("colour").value === "unit") {
      const [layer, unit] = [Number(byId("layer").value), Number(byId("unit").value)];
      const value = states[layer - 1][0][unit - 1] ?? 0;
      shade(shown, value);
      shown.title = `unit ${unit} of layer ${layer}: ${value.toFixed(2)}`;
    } else {
      shade(shown, probability === null ? 0 : -Math.log2(Math.max(probability, 1e-9)) / FAINTEST);
      shown.title = probability === null ? "" : percent(probability);
    }
    const spoken = shown.dataset.text.trim() || shown.dataset.name;
    if (shown.role) shown.setAttribute("aria-label", [spoken, shown.title].filter(Boolean).join(", "));
  }

  /** The prompt: its tokens only have colours. */
  function showPrompt() {
    text.textContent = "";
    const { ids, trail, typed } = continuation.read;
    const decoder = model.tokenizer.decoder();
    const parts = ids.map((id, place) => {
      const part = element("span", { class: "prompt" }, decoder.feed(id));
      part.dataset.text = part.textContent;
      describe(part, null, trail[place]);
      return part;
    });
    const isWhole = parts.map((part) => part.textContent).join("") === typed;
    text.append(...(isWhole ? parts : [element("span", { class: "prompt" }, typed)]));
  }

  /** Shows the steps from one on. */
  function showSteps(from) {
    const texts = continuation.texts();
    for (const old of text.querySelectorAll(".token")) if (Number(old.dataset.step) >= from) old.remove();
    if (from) fill(text.querySelector(`[data-step="${from - 1}"]`), texts[from - 1]); // its character may be whole now
    for (let step = from; step < texts.length; step++) {
      const token = element("span", { class: "token", role: "button", "data-step": step });
      token.tabIndex = text.querySelector('.token[tabindex="0"]') ? -1 : 0;
      fill(token, texts[step]);
      text.append(token);
    }
  }

  /** Puts a step into its element: the text that it adds, its colour and its name. */
  function fill(token, added) {
    if (token.dataset.text === added) return;
    const { id, probability, after } = continuation.steps[Number(token.dataset.step)];
    const name = id === EOS ? "end of the text" : added === "\n" ? "new line" : model.tokenizer.tokenText(id);
    Object.assign(token.dataset, { name, text: added });
    token.textContent = id === EOS ? " ∎" : added.replace("\n", "⏎\n") || "·";
    describe(token, probability, after);
  }

  const write = onSend(async (run, isGoingOn = false) => {
    hideChoices();
    if (!isGoingOn) {
      continuation = model.continuation(byId("prompt").value);
      showPrompt();
    }
    const [start, begun] = [performance.now(), continuation.steps.length];
    const most = Number(byId("max-tokens").value);
    let numShown = begun;
    const showNew = () => {
      showSteps(numShown);
      numShown = continuation.steps.length;
    };
    const frame = frames(showNew);
    say("Writing …");
    while (!run.isStopped && continuation.steps.length < most && !continuation.isFinished) {
      continuation.write({ temperature: temperature(), topP: Number(byId("top-p").value) });
      await frame();
      document.body.dataset.first ??= Math.round(performance.now());
    }
    if (run.isReplaced) return;
    showNew();
    const number = continuation.steps.length - begun;
    const seconds = (performance.now() - start) / 1000;
    document.body.dataset.rate = (number / seconds).toFixed(1);
    say(`${number} tokens, ${Math.round(number / seconds)} a second.`, continuation.texts().slice(begun).join(""));
  });

  function showChoices(step) {
    chosen = step;
    const taken = continuation.steps[step].id;
    const shown = (id) => (id === EOS ? "end of the text" : model.tokenizer.tokenText(id).replace("\n", "⏎"));
    byId("choices-title").textContent = `In the place of “${shown(taken).trim() || shown(taken)}”`;
    byId("choices-help").textContent = `How probable each token is at temperature ${temperature().toFixed(2)}. Choosing one goes on from there.`;
    byId("candidates").replaceChildren(
      ...continuation.candidates(step, temperature()).map(({ id, probability }) => {
        const button = element("button", { type: "button" }, barOf(probability));
        const name = shown(id);
        if (name.startsWith(" ")) button.append(element("span", { class: "space", "aria-hidden": "true" }, "␣"));
        button.append(element("span", { class: "name" }, name.trimStart() || name), ` ${percent(probability)}`);
        if (id === taken) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => exchange(step, id));
        return element("li", {}, button);
      }),
    );
    choices.hidden = false;
    choices.scrollIntoView({ block: "nearest" });
  }

  function hideChoices() {
    const wasInside = choices.contains(document.activeElement);
    choices.hidden = true;
    if (wasInside) text.querySelector(`[data-step="${chosen}"]`)?.focus();
    chosen = -1;
  }

  function exchange(step, id) {
    hideChoices();
    continuation.take(step, id);
    showSteps(step);
    text.querySelector(`[data-step="${step}"]`)?.focus();
    write(true);
  }

  function choose(event) {
    const token = event.target.closest(".token");
    if (!token) return;
    event.preventDefault();
    byId("stop").click();
    showChoices(Number(token.dataset.step));
    byId("candidates").querySelector("button").focus();
  }

  function recolour() {
    const isUnit = byId("colour").value === "unit";
    const unit = byId("unit");
    byId("unit-choice").hidden = !isUnit;
    unit.max = units[Number(byId("layer").value) - 1];
    if (Number(unit.value) > Number(unit.max)) unit.value = unit.max;
    byId("legend").className = `legend ${isUnit ? "signed" : "single"}`;
    byId("legend").textContent = isUnit ? "−1 … 0 … 1" : "expected … surprising";
    if (!continuation) return;
    const { trail } = continuation.read;
    const prompt = text.querySelectorAll(".prompt");
    if (prompt.length === trail.length) prompt.forEach((part, place) => describe(part, null, trail[place]));
    for (const token of text.querySelectorAll(".token")) {
      const step = continuation.steps[Number(token.dataset.step)];
      describe(token, step.probability, step.after);
    }
  }

  text.addEventListener("click", choose);
  text.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && choose(event));
  for (const id of ["colour", "layer", "unit"]) byId(id).addEventListener("input", recolour);
  byId("temperature").addEventListener("input", () => chosen >= 0 && showChoices(chosen));
  byId("close").addEventListener("click", hideChoices);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hideChoices());
  recolour();
}

whenLoaded(begin);
return shared;
