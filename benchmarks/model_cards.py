"""README.md of each model that ships with the package: `python -m benchmarks.model_cards`."""

import json
import sys

from textrnn.storage import PRETRAINED, kind_of, load_model, shipped_models, write_atomically
from textrnn.tasks.model_card import About, model_card

MORE = "`benchmarks/recipes/{name}/` holds the recipe, `benchmarks/RESULTS.md` what was measured with which commands."
PUBLIC_DOMAIN = "The texts are in the public domain. The model stands under the licence of textrnn, Apache 2.0."
SOURCES = {
    "shakespeare": ("38 plays and poems by William Shakespeare.", PUBLIC_DOMAIN),
    "english": ("83 British novels by 29 authors, 1839 to 1930.", PUBLIC_DOMAIN),
    "eng-spa": (
        "Sentence pairs of [Tatoeba](https://tatoeba.org), as put together by "
        "[manythings.org](https://www.manythings.org/anki/).",
        "The sentences stand under CC BY 2.0 FR: if you publish what you make with the model, name Tatoeba as their "
        "source. The model stands under the licence of textrnn, Apache 2.0.",
    ),
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
