"""The page in a real browser: what it shows, the keyboard, a phone, and that it asks for nothing."""

import threading

import numpy as np
import pytest

from tests.conftest import ROOT, random_weights
from tests.exporting.chromium import Chromium, needs_chromium
from tests.exporting.pages import exported, stored
from tests.exporting.test_page import series_data
from textrnn import LanguageModel
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, TranslatorConfig
from textrnn.preprocessing.series import to_stored
from textrnn.preprocessing.tokenizers import make_tokenizer
from textrnn.serve import Server

pytestmark = needs_chromium

LINES = (ROOT / "corpora" / "lighthouse.txt").read_text(encoding="utf-8").split("\n")[:400]
PHONE = 390  # pixels


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A small model of each kind, with random weights."""
    words = make_tokenizer("word", LINES)
    size = words.vocabulary_size
    place = tmp_path_factory.mktemp("models")
    config = NetworkConfig(vocabulary_size=size, units=(256, 192), embedding_dim=16)  # 400 tokens take many frames
    weights = random_weights(config, scale=0.06)
    model = stored(place / "language-model", config, {"tokenizer": words}, weights=weights)
    config = TranslatorConfig(
        source_vocabulary_size=size, target_vocabulary_size=size, joint_vocabulary=True, encoder_units=(16,),
        decoder_units=(24,), embedding_dim=16,
    )  # fmt: skip
    translator = stored(place / "translator", config, {"tokenizer": words})
    config = ClassifierConfig(labels=("calm", "storm"), vocabulary_size=size, units=(12,), embedding_dim=8)
    classifier = stored(place / "classifier", config, {"tokenizer": words})
    data = series_data()
    config = ForecasterConfig(
        horizon=6, lookback=12, units=(8,), names=("s0",), locations=(20.0,), scales=(3.0,), frequency="D", time="day"
    )
    forecaster = stored(place / "forecaster", config, series=to_stored(data, 40))
    return {one.kind: one for one in (model, translator, classifier, forecaster)}


BOXES = {"language-model": "prompt", "translator": "source", "classifier": "text", "forecaster": None}


@pytest.fixture(params=BOXES)
def opened(request, browser, models, tmp_path):
    """A kind, and a browser that shows the page of a model of it, with something to work on."""
    browser.show()
    browser.open(exported(models[request.param], tmp_path).as_uri())
    if BOXES[request.param]:
        fill(browser, BOXES[request.param], "The lamp went round, and the sea was quiet.")
    return request.param, browser


def fill(browser, box, text):
    browser.run(f"document.getElementById('{box}').value = {text!r}")


def send(browser):
    browser.run("delete document.body.dataset.rate; document.getElementById('send').click()")
    browser.wait_for("document.body.dataset.rate && document.getElementById('stop').disabled")


def test_a_page_works_and_asks_for_nothing(opened, tmp_path):
    _, browser = opened
    send(browser)
    assert browser.complaints() == []
    assert [address[:8] for address in browser.requests()] == ["file:///"]
    assert browser.run("document.getElementById('status').textContent.length") > 5
    assert browser.run("document.getElementById('problem').hidden")


def test_a_served_page_works_and_asks_for_nothing(browser, models):
    with Server(models["translator"], 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            browser.show()
            browser.open(server.address)
            fill(browser, "source", "The lamp went round.")
            send(browser)
            assert browser.complaints() == []
            assert browser.requests() == [server.address]
        finally:
            server.shutdown()
            thread.join()


def test_a_request_is_forbidden_by_the_page_itself(opened):
    _, browser = opened
    attempt = "fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)"
    assert browser.run(attempt) == "TypeError"
    assert any("Content Security Policy" in text for text in browser.complaints())


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_a_phone_and_all_can_be_read(opened, dark):
    _, browser = opened
    browser.show(PHONE, 844, dark)
    send(browser)
    assert browser.run("document.documentElement.scrollWidth") <= PHONE
    buttons = "[...document.querySelectorAll('button')].filter((one) => one.offsetParent)"
    assert browser.run(f"Math.min(...{buttons}.map((one) => one.offsetHeight))") >= 44
    for selector in ("body", "header p", "#send", ".help", "#status"):
        assert browser.run(f"({CONTRAST})('{selector}')") >= 4.5, selector


# Contrast of an element's text with what is behind it (WCAG 2, section 1.4.3).
CONTRAST = """(selector) => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).map((x) => x / 255)
    .map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const shown = document.querySelector(selector);
  const background = (one) => getComputedStyle(one).backgroundColor;
  let behind = shown;
  while (behind.parentElement && numbers(background(behind))[3] === 0) behind = behind.parentElement;
  const [one, other] = [light(getComputedStyle(shown).color), light(background(behind))];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


def test_every_control_has_a_name(opened):
    _, browser = opened
    send(browser)
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    controls = ("button", "textbox", "slider", "combobox", "spinbutton", "img", "table")
    shown = [one for one in tree if not one["ignored"] and one["role"]["value"] in controls]
    assert len(shown) >= 3
    assert [one for one in shown if not one.get("name", {}).get("value")] == []
    assert any(one["role"]["value"] == "status" for one in tree)


@pytest.fixture
def written(browser, models, tmp_path):
    """A browser that shows the page of a language model, which has written 20 tokens greedily."""
    browser.show()
    browser.open(exported(models["language-model"], tmp_path).as_uri())
    fill(browser, "prompt", "The lamp")
    choose(browser, "temperature", 0)
    choose(browser, "max-tokens", 20)
    send(browser)
    return browser


def choose(browser, control, value):
    browser.run(
        f"document.getElementById('{control}').value = '{value}';"
        f"document.getElementById('{control}').dispatchEvent(new Event('input', {{bubbles: true}}))"
    )


def tokens(browser):
    return browser.run("[...document.querySelectorAll('.token')].map((one) => one.dataset.name)")


def test_a_token_is_exchanged_with_the_keyboard_alone(written, models):
    """Tab, arrows, Enter on a token, arrows of nobody, Enter on the second candidate: the text goes on from it."""
    browser, model = written, models["language-model"]
    before = tokens(browser)
    assert before == [model.tokenizer.token_text(i).strip() or "new line" for i in greedy(model, "The lamp", 20)]
    browser.run("document.querySelector('.token').focus()")
    for _ in range(2):
        browser.press("ArrowRight", 39)
    browser.press("Enter", 13, "\r")
    assert not browser.run("document.getElementById('choices').hidden")
    browser.press("Escape", 27)
    assert browser.run("document.activeElement.dataset.step") == "2"
    browser.press("Enter", 13, "\r")
    browser.press("Tab", 9)
    second = browser.run("document.activeElement.querySelector('.name').textContent")
    browser.press("Enter", 13, "\r")
    browser.wait_for("document.querySelectorAll('.token').length === 20 && document.getElementById('stop').disabled")
    after = tokens(browser)
    assert after[:2] == before[:2]
    assert after[2] == second != before[2]
    assert browser.run("document.activeElement.dataset.step") == "2"
    assert browser.complaints() == []


def greedy(model, prompt, number):
    return list(model.generations([prompt], temperature=0, max_tokens=number)[0][0].token_ids)


def test_the_text_is_coloured_by_a_unit(written, models):
    """The titles of the tokens say what NumPy's network says of the unit after each."""
    browser, model = written, models["language-model"]
    choose(browser, "colour", "unit")
    choose(browser, "layer", 2)
    choose(browser, "unit", 5)
    titles = browser.run("[...document.querySelectorAll('.token')].map((one) => one.title)")
    ids = [*model.prompt_ids("The lamp"), *greedy(model, "The lamp", 20)]
    states, expected = model.network.initial_states(1), []
    for token in ids:
        _, states = model.network(np.array([[token]]), states)
        expected.append(float(states[1][0][0, 4]))
    found = [float(title.rpartition(" ")[2]) for title in titles]
    np.testing.assert_allclose(found, expected[-20:], atol=0.0051)


# Does what is wished as soon as some tokens stand there, while more are being written.
MEANWHILE = """new Promise((resolve) => {
  const [send, stop] = ['send', 'stop'].map((id) => document.getElementById(id));
  const look = setInterval(() => {
    if (stop.disabled || document.querySelectorAll('.token').length < 3) return;
    clearInterval(look);
    WISH;
    resolve();
  }, 1);
  send.click();
})"""


WISHES = {
    "sent again": "send.click()",
    "exchanged": "document.querySelector('.token').click(); document.querySelectorAll('#candidates button')[1].click()",
}


@pytest.mark.parametrize("name", WISHES)
def test_who_is_impatient_breaks_nothing(written, name):
    """Sent again, or exchanged, while it writes: the text is that of the last wish alone."""
    browser = written
    choose(browser, "max-tokens", 400)
    before = tokens(browser)
    browser.run("document.querySelectorAll('.token').forEach((one) => one.remove())")
    browser.run(MEANWHILE.replace("WISH", WISHES[name]))
    browser.wait_for("document.querySelectorAll('.token').length === 400 && document.getElementById('stop').disabled")
    after = tokens(browser)
    assert (after[:20] == before) == (name == "sent again")
    assert browser.run("[...document.querySelectorAll('.token')].every((one, i) => Number(one.dataset.step) === i)")
    assert browser.complaints() == []


@pytest.mark.parametrize("kind", ["translator", "classifier"])
def test_work_that_is_begun_anew_replaces_the_one_before(browser, models, tmp_path, kind):
    browser.show()
    browser.open(exported(models[kind], tmp_path).as_uri())
    fill(browser, BOXES[kind], "The lamp went round, and the sea was quiet.")
    browser.run("for (let i = 0; i < 3; i++) document.getElementById('send').click()")
    browser.wait_for("document.body.dataset.rate && document.getElementById('stop').disabled")
    number = {"translator": "article", "classifier": "#effects li"}[kind]
    assert browser.run(f"document.querySelectorAll('{number}').length") == {"translator": 1, "classifier": 5}[kind]
    assert browser.complaints() == []


def test_the_temperature_moves_the_shares(written):
    browser = written
    browser.run("document.querySelector('.token').click()")
    shares = "[...document.querySelectorAll('#candidates .bar')].map((one) => parseFloat(one.style.width))"
    cold = browser.run(shares)
    choose(browser, "temperature", 1.5)
    warm = browser.run(shares)
    assert cold[0] == 100
    assert sum(cold[1:]) == 0
    assert warm[0] < 100
    assert warm == sorted(warm, reverse=True)


def test_what_is_wrong_is_said(browser, models, tmp_path):
    browser.show()
    browser.open(exported(models["forecaster"], tmp_path).as_uri())
    for text, problem in (("1 2 3", "reads 12 values; there are 3"), ("1 two", "two is not a number")):
        fill(browser, "values", text)
        browser.run("document.getElementById('send').click()")
        browser.wait_for("!document.getElementById('problem').hidden")
        assert problem in browser.run("document.getElementById('problem').textContent")
    assert browser.complaints() == []


def test_shakespeare_writes_at_once_and_the_same(browser, tmp_path):
    """Greedy text equal to NumPy's. Times are measured in `benchmarks.page`: a test runs beside others."""
    model = LanguageModel.load("shakespeare")
    browser.show()
    browser.open(exported(model, tmp_path).as_uri())
    fill(browser, "prompt", "To be or not to")
    choose(browser, "temperature", 0)
    send(browser)
    text = browser.run("document.getElementById('text').textContent").replace("⏎", "")
    assert text == model.generate("To be or not to", temperature=0, max_tokens=100)
