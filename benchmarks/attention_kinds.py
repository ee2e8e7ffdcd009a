"""Which attention translates best after the same time: dot, general or additive.

    python -m benchmarks.attention_kinds --source train.en --target train.de --validation val.en \
        --validation-target val.de --minutes 6

One network after another is trained for so many minutes, the time for compiling it not counted, with the options below,
and translates the validation sentences greedily.
"""

import argparse
import time

from textrnn import Progress, Translator
from textrnn.config import ATTENTIONS
from textrnn.training import keras

NETWORK = {
    "vocabulary_size": 8000,
    "joint_vocabulary": True,
    "encoder_units": (256,),
    "decoder_units": (512, 256),  # dot attention compares the first decoder layer with both directions of the encoder
    "embedding_dim": 256,
    "output_dropout": 0.3,
}
TRAINING = {
    "epochs": 1000,
    "batch_tokens": 1600,
    "learning_rate": 0.003,
    "schedule": "constant",
    "warmup_steps": 400,
    "label_smoothing": 0.1,
    "moving_average": 0.998,
    "patience": 0,
    "validation_sentences": 1000,
    "precision": "bfloat16",
    "seed": 1,
}


class StopAfter(keras.callbacks.Callback):
    """Stops training after some minutes of steps."""

    def __init__(self, minutes: float) -> None:
        super().__init__()
        self.left = 60 * minutes
        self.steps = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.steps:  # the first step compiles
            self.left -= time.monotonic() - self.began
        self.steps += 1
        self.model.stop_training = self.left <= 0


def main() -> None:
    """Prints steps, validation loss and BLEU of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("source", "target", "validation", "validation-target"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--minutes", type=float, default=6.0)
    options = parser.parse_args()
    for attention in ATTENTIONS:
        stop = StopAfter(options.minutes)
        translator = Translator(attention=attention, **NETWORK)
        records = translator.fit(
            options.source,
            options.target,
            validation=options.validation,
            validation_target=options.validation_target,
            callbacks=[stop],
            progress=Progress(quiet=True),
            **TRAINING,
        )
        last = records[-1]
        print(
            f"{attention:<9} {stop.steps:>6,} steps, epoch {last.epoch:.2f}: loss {last.validation_loss:.4f}, "
            f"BLEU {last.validation_score:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
