import numpy as np
import pytest

from textrnn.preprocessing.pairs import Pairs
from textrnn.preprocessing.placeholders import (
    NUMBERS,
    PLACEHOLDER,
    PLACEHOLDERS,
    THINGS,
    PlaceholderSampler,
    found_things,
    masked,
    masked_pair,
    restored,
    shared_words,
)


def things_of(text):
    return [thing for _, _, thing, _ in found_things(text)]


@pytest.mark.parametrize(
    ("text", "things"),
    [
        (
            "Visit https://example.org/help?a=1. Or www.example.com!",
            ["https://example.org/help?a=1", "www.example.com"],
        ),
        ("Send it to info@example.org, please.", ["info@example.org"]),
        (
            "Hello {name}, {{value}}, ${user}, %{count} and %(n)s!",
            ["{name}", "{{value}}", "${user}", "%{count}", "%(n)s"],
        ),
        ("%d of %1$s, %.2f MB", ["%d", "%1$s", "%.2f"]),
        ('Click <a href="x y">here</a> or <br/>', ['<a href="x y">', "</a>", "<br/>"]),
        ("#travel @maria see you", ["#travel", "@maria"]),
        ("Open report.pdf, ~/notes.md and C:\\temp\\a.txt.", ["report.pdf", "~/notes.md", "C:\\temp\\a.txt"]),
        ("Order AB-1234 (COVID-19), v2.0.1-beta", ["AB-1234", "COVID-19", "v2.0.1-beta"]),
        ("It costs $19.99, €5 or 1,250 pesos, 50% less.", ["$19.99", "€5", "1,250", "50%"]),
        ("At 17:45 on 2024-03-15 or 12/05/2020.", ["17:45", "2024-03-15", "12/05/2020"]),
        ("Call +34 600 123 456 or (555) 123-4567 or 555-0142.", ["+34 600 123 456", "(555) 123-4567", "555-0142"]),
        ("10km, 25°C, 3/4", ["10km", "25°C", "3/4"]),
        ("He is 1.84 m tall, 60 kg, at -12 °C; 5 % of 12 USD", ["1.84 m", "60 kg", "-12 °C", "5 %", "12 USD"]),
        ("I have 2 msgs, 3 glasses and 4 memories.", []),
        ("Pay ₹2,000, not .5 or .50.", ["₹2,000", ".5", ".50"]),
        ("Flight IB 3456, with Python 3.12. Python 3.12", ["IB 3456", "Python 3.12", "3.12"]),
        ("WE ARE 12 OR AS 345", ["345"]),
        (
            "Write to market.example, style.css in public/ and ~/.config/a.json.",
            ["market.example", "style.css", "public/", "~/.config/a.json"],
        ),
        ("%d%% of __USER__, __init__", ["%d%%", "__USER__", "__init__"]),
        ("Send it to +44 7700 900461.", ["+44 7700 900461"]),
        ("I have 2 dogs, 12 cats, the 3rd-party 21st in the 90s at 8pm.", []),
        ("and/or Hello/Goodbye e.g. this, U.S.A. 64-bit", []),
        ("No things here: none, at all!", []),
    ],
)
def test_what_is_the_same_in_every_language_is_found(text, things):
    assert things_of(text) == things


def test_a_masked_sentence_comes_back():
    text = "Send $19.99 to info@example.org, not to info@example.org or {name}."
    hidden, things = masked(text)
    assert hidden == f"Send {NUMBERS[0]} to {THINGS[0]}, not to {THINGS[0]} or {THINGS[1]}."
    assert restored(hidden, things) == text


def test_names_are_masked_if_they_are_unknown_and_begin_no_sentence():
    hidden, things = masked("Priya met Tom Raghunathan.", lambda name: name in ("Priya", "Raghunathan"))
    assert hidden == f"Priya met Tom {THINGS[0]}."
    assert things == {THINGS[0]: "Raghunathan"}


def test_more_things_than_placeholders_stay():
    text = " ".join(f"#tag{letter}" for letter in "abcdefghij")
    hidden, things = masked(text)
    assert len(things) == len(THINGS)
    assert hidden.endswith("#tagi #tagj")
    assert restored(hidden, things) == text


def test_a_sentence_with_placeholders_is_left_alone():
    assert masked(f"{THINGS[0]} and {{name}}") == (f"{THINGS[0]} and {{name}}", {})


def test_only_what_both_sides_have_is_masked_in_pairs():
    pair = masked_pair("Pay $20 to {name} in 1,000 days.", "Paga a {name} $20 en mil días.")
    assert pair == (f"Pay {NUMBERS[0]} to {THINGS[0]} in 1,000 days.", f"Paga a {THINGS[0]} {NUMBERS[0]} en mil días.")
    assert masked_pair("Pay {name} {name}.", "Paga a {name}.") == ("Pay {name} {name}.", "Paga a {name}.")


def test_shared_words_are_names_and_small_numbers():
    assert shared_words("Tom has 3 dogs in Boston.", "Tom tiene 3 perros en Boston.") == ["Tom", "3", "Boston"]
    assert shared_words("Tom and Tom", "Tom y Tom") == []
    assert shared_words("It is 3:30 in No-Man", "Son las 3:30 en No-Man") == []


def test_sampling_hides_the_same_on_both_sides_and_trains_every_placeholder():
    pairs = Pairs(["Tom has 3 dogs.", "Hi."] * 3000, ["Tom tiene 3 perros.", "Hola."] * 3000)
    drawn = PlaceholderSampler(pairs).draw(np.random.default_rng(1))
    found = [
        (PLACEHOLDER.findall(s), PLACEHOLDER.findall(t)) for s, t in zip(drawn.sources, drawn.targets, strict=True)
    ]
    assert all(here == there for here, there in found)
    assert {placeholder for here, _ in found for placeholder in here} == set(PLACEHOLDERS)
    share = sum(bool(here) for here, _ in found) / len(found)
    assert 0.03 < share < 0.1
    assert any("Tom" in source and PLACEHOLDER.search(source) for source in drawn.sources)
    again = PlaceholderSampler(pairs).draw(np.random.default_rng(1))
    assert again == drawn
