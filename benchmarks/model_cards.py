"""README.md of each model that ships with the package: `python -m benchmarks.model_cards`."""

import json
import sys

from textrnn.storage import PRETRAINED, kind_of, load_model, shipped_models, write_atomically
from textrnn.tasks.model_card import About, model_card

MORE = "`benchmarks/recipes/{name}/` holds the recipe, `benchmarks/RESULTS.md` what was measured with which commands."
PUBLIC_DOMAIN = "The texts are in the public domain. The model stands under the licence of textrnn, Apache 2.0."
PAIRS = """Sentence pairs of [Tatoeba](https://tatoeba.org), as put together by [manythings.org](https://www.manythings.org/anki/)
(CC BY 2.0 FR), and everyday sentences, forms and texts of apps from
[OPUS-MT-testsets](https://github.com/Helsinki-NLP/OPUS-MT-testsets) (Tatoeba's, CC BY 2.0 FR),
[Storybooks Minnesota](https://github.com/global-asp/storybooks-minnesota) (CC BY 3.0),
[MGSM](https://github.com/google-research/url-nlp) (CC BY 4.0), vita-min (MIT), login.gov (CC0), SimpleReport (CC0),
Bloom Housing, Open Food Facts and OneBusAway (Apache 2.0), Mozilla's www, Monitor, Relay, VPN, Firefox and
Focus for Android (MPL 2.0), DuckDuckGo, Wikipedia and Thunderbird for Android (Apache 2.0)."""
SHARED = """Parts of the sentences stand under CC BY 2.0 FR, CC BY 3.0 and CC BY 4.0: if you publish what you make with
the model, name the sources above. The model stands under the licence of textrnn, Apache 2.0."""
DIGITS = """The [Free Spoken Digit Dataset](https://github.com/Jakobovski/free-spoken-digit-dataset) by Zohar Jackson
and others: 2,000 recordings of the digits zero to nine by five speakers of English, takes 10 to 49 of each; and 1,680
clips of the same words by 78 voices of the programs espeak-ng, flite and festival, one of which speaks in
`corpora/digits.wav`. It hears these ten words and nothing else: whatever is said, it writes digits."""
SHARE_ALIKE = """The recordings stand under CC BY-SA 4.0, and so do these weights: `LICENSE` in this directory. If you
publish what you make of the weights, name the data set and keep that licence. The rest of textrnn stands under Apache
2.0."""
SOURCES = {
    "shakespeare": ("38 plays and poems by William Shakespeare.", PUBLIC_DOMAIN),
    "english": ("83 British novels by 29 authors, 1839 to 1930.", PUBLIC_DOMAIN),
    "eng-spa": (PAIRS, SHARED),
    "spa-eng": (PAIRS, SHARED),
    "digits": (DIGITS, SHARE_ALIKE),
}


def shipped_card(name: str) -> str:
    """Returns the text of a shipped model's README."""
    manifest = json.loads((PRETRAINED / name / "manifest.json").read_text(encoding="utf-8"))
    about = About(*SOURCES[name], MORE.format(name=name))
    return model_card(name, load_model(name, kind_of(name)), manifest.get("weight_format", "float32"), about)


def main() -> None:
    """Writes the cards."""
    for name in shipped_models():
        write_atomically(PRETRAINED / name / "README.md", shipped_card(name).encode("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
