"""The tutorials' n-gram form of training beside the `lines` form: the same objective, at another price.

Every prefix of a line predicts its next token. As n-grams, each prefix is a padded row of its own; as lines, one row
has a target at every step.
"""

import pathlib
import tempfile
from typing import Any

from benchmarks.training import OneBatch, fitting
from benchmarks.turns import Turns

BLOCK = 40  # batches; an epoch in the n-gram form would be too long to wait for


def training_form(turns: Turns, form: str, path: str, batch_size: int = 32) -> None:
    """A side: trains the tutorials' network in one form.

    Its facts: the loss of the whole text before training, and the number of targets and batches in an epoch.
    """
    from textrnn.config import NETWORKS, NetworkConfig, TrainingConfig
    from textrnn.preprocessing import corpora
    from textrnn.preprocessing.sequences import TextPlan, encode_corpus
    from textrnn.preprocessing.tokenizers import make_tokenizer
    from textrnn.training import keras
    from textrnn.training.devices import chosen_device
    from textrnn.training.language_model import RecurrentNetwork
    from textrnn.training.threads import prepare_threads
    from textrnn.training.trainer import Trainer

    corpus = corpora.read(path, documents="line")
    tokenizer = make_tokenizer("word", corpus.lines(), 4000)
    with tempfile.TemporaryDirectory() as directory:
        text = encode_corpus(corpus, tokenizer, pathlib.Path(directory), markers=True)
        longest = int(text.lengths.max())
        options: dict[str, Any] = {**NETWORKS["tutorial"], "form": form, "dropout": 0.0, "max_length": longest}
        config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, **options)
        training = prepare_threads(chosen_device(), config, fitting(TrainingConfig, "float32", epochs=1000))
        network = RecurrentNetwork(config, seed=1)
        plan = TextPlan(text, form, batch_size, 64, longest, seed=0)

        num_batches = 0

        class Pause(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                nonlocal num_batches
                num_batches += 1
                if num_batches % BLOCK == 0:
                    turns.wait(**facts)

        trainer = Trainer(network, training, plan, plan, callbacks=[Pause()])
        facts = {"loss": trainer.validation_loss(), "targets": plan.num_targets, "batches": plan.num_batches}
        trainer.validation = OneBatch(next(plan.batches()), 1)  # what it validates on, on the way, takes no time
        trainer.fit()
