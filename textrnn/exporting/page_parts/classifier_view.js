// The view of a classifier: its classes, and the words that count, one after the other.

const MOST_NAMED = 5; // words that are named as those that count most

function begin(model) {
  const { labels, multi_label: isMulti } = model.config;
  roveIn(byId("words"), ".token");

  function showLabels(probabilities) {
    const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
    const named = isMulti ? order.filter((place) => probabilities[place] > 0.5) : order.slice(0, 1);
    byId("outcome").textContent = named.map((place) => labels[place]).join(", ") || "none of them";
    byId("labels").replaceChildren(
      ...order.map((place) => {
        const bar = barOf(probabilities[place]);
        const name = element("span", { class: "name" }, String(labels[place]));
        return element("li", {}, element("span", { class: "share" }, bar, name, ` ${percent(probabilities[place])}`));
      }),
    );
  }

  function showEffect(word, effect) {
    shade(word, effect);
    const signed = `${effect < 0 ? "−" : "+"}${percent(Math.abs(effect))}`;
    word.title = signed;
    word.setAttribute("aria-label", `${word.textContent.trim()}, ${signed}`);
    return signed;
  }

  onSend(async (run) => {
    const { tokens, probabilities, best, effect } = model.explain(byId("text").value);
    const rest = frames();
    showLabels(probabilities);
    document.body.dataset.first ??= Math.round(performance.now());
    const gap = model.tokenizer.level === "word" ? " " : "";
    const words = tokens.map((token) => element("span", { class: "token", tabindex: "-1" }, token));
    byId("words").replaceChildren(...words.flatMap((word) => [word, gap]));
    if (words.length) words[0].tabIndex = 0;
    byId("effects").textContent = "";
    const effects = [];
    say("Looking for the words that count …");
    for (let place = 0; place < tokens.length && !run.isStopped; place++) {
      const found = effect(place);
      effects.push({ token: tokens[place], found, signed: showEffect(words[place], found) });
      await rest();
    }
    if (run.isReplaced) return;
    const most = effects.sort((a, b) => Math.abs(b.found) - Math.abs(a.found)).slice(0, MOST_NAMED);
    byId("effects").append(...most.map(({ token, signed }) => element("li", {}, `${token.trim()} ${signed}`)));
    document.body.dataset.rate = "done";
    say(`${byId("outcome").textContent}, ${percent(probabilities[best])}.`);
  });
}

whenLoaded(begin);
return shared;
