// The view of a translator: translations as they are written, and for each token where the network looked.

const LONGEST_TABLE = 60; // tokens of a source sentence

function begin(model) {
  const translations = byId("translations");

  /** What shows one translation: its text, and a table that gets a row for each token. */
  function shownOf(translation) {
    const outcome = element("p", { class: "outcome", dir: "auto" });
    const section = element("article", { "aria-label": translation.sentence }, outcome);
    if (translation.sourceTokens.length > LONGEST_TABLE) return { outcome, section, addRow: () => {} };
    const heads = translation.sourceTokens.map((token) => element("th", { scope: "col" }, token.trim() || token));
    const head = element("tr", {}, element("td", {}, ""), ...heads);
    const body = element("tbody");
    const caption = element("caption", {}, "Where it looked as it wrote each token, in percent.");
    const table = element("table", { class: "attention" }, caption, element("thead", {}, head), body);
    const label = "Attention, a table that scrolls";
    section.append(element("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": label }, table));
    const addRow = ({ token, probability, attention }) => {
      const name = element("th", { scope: "row", title: `probability ${percent(probability)}` }, token.trim() || token);
      const cells = Array.from(attention, (share) => {
        const cell = element("td", {}, share >= 0.005 ? String(Math.round(100 * share)) : "");
        shade(cell, share);
        return cell;
      });
      body.append(element("tr", {}, name, ...cells));
    };
    return { outcome, section, addRow };
  }

  onSend(async (run) => {
    const lines = byId("source").value.split("\n");
    const rest = frames();
    const start = performance.now();
    let number = 0;
    translations.textContent = "";
    say("Translating …");
    for (const line of lines) {
      const translation = model.begin(line);
      if (!translation) continue;
      const { outcome, section, addRow } = shownOf(translation);
      translations.append(section);
      while (!translation.isFinished && !run.isStopped) {
        addRow(model.write(translation));
        outcome.textContent = model.text(translation);
        document.body.dataset.first ??= Math.round(performance.now());
        number++;
        await rest();
      }
      if (run.isStopped) break;
    }
    if (run.isReplaced) return;
    const texts = [...translations.querySelectorAll(".outcome")].map((one) => one.textContent);
    document.body.dataset.rate = (number / ((performance.now() - start) / 1000)).toFixed(1);
    say(texts.length ? "Translated." : "There is nothing to translate.", texts.join(" "));
  });
}

whenLoaded(begin);
return shared;
