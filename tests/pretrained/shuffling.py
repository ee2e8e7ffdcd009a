"""What it costs a language model if the words of a sentence are shuffled."""

import random


def cost_of_shuffling(model, line, directory):
    """Returns how much more a sentence costs with its words in another order, in nats per token."""
    words = line.split()
    random.Random(0).shuffle(words)
    losses = []
    for name, text in (("sense", line), ("nonsense", " ".join(words))):
        path = directory / f"{name}.txt"
        path.write_text(f"\n{text}\n")
        losses.append(model.evaluate(path).loss)
    return losses[1] - losses[0]
