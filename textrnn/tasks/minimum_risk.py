"""Turns batches of pairs into batches of what a translator writes itself, each translation with what it is worth."""

from collections.abc import Callable

import numpy as np

from textrnn.config import TranslatorConfig, TranslatorTrainingConfig
from textrnn.evaluation.rewards import candidate_weights, rewarder
from textrnn.inference.drawing import Drawn, draw_translations
from textrnn.inference.translator import EncoderDecoder
from textrnn.preprocessing.batches import Batch
from textrnn.preprocessing.pair_batches import pair_batch, without_special_ids
from textrnn.preprocessing.tokenizers import Tokenizer

__all__ = ["RiskBatches"]

# Of the probabilities of candidates; Shen et al. 2016, figure 1, find 0.005 best of seven powers.
SHARPNESS = 0.005


class RiskBatches:
    """Adds drawn translations to batches: their rows count by their rewards, those of the references by likelihood.

    Draws are a function of (seed, step, weights), so a resumed run makes the batches that it would have made.

    Args:
        network: The config of the network.
        config: How to train.
        target: The tokenizer of the target language.
        tokenize: sacreBLEU's tokenizer, for rewards by BLEU.
    """

    def __init__(
        self, network: TranslatorConfig, config: TranslatorTrainingConfig, target: Tokenizer, tokenize: str
    ) -> None:
        self.network = network
        self.config = config
        self.target = target
        self.reward: Callable[[str, str], float] = rewarder(config.reward, tokenize, target.lowercase)

    def __call__(self, batch: Batch, weights: dict[str, np.ndarray], step: int) -> Batch:
        """Returns the batch of a step.

        Args:
            batch: Pairs.
            weights: The weights of the network as they are now.
            step: The number of the step, from 0.
        """
        sources, references = without_special_ids(batch)
        randomness = np.random.Generator(np.random.PCG64([self.config.seed, step, 3]))
        network = EncoderDecoder(self.network, weights)
        groups = draw_translations(network, sources, self.config.candidates, randomness)
        share = self.config.likelihood_weight
        rows = [(source, target, share) for source, target in zip(sources, references, strict=True)]
        for source, reference, group in zip(sources, references, groups, strict=True):
            rows += [(source, ids, (1 - share) * weight) for ids, weight in self._weighted(reference, group)]
        return pair_batch(
            [source for source, _, _ in rows],
            [target for _, target, _ in rows],
            np.array([weight for _, _, weight in rows], np.float32),
        )

    def _weighted(self, reference: np.ndarray, group: list[Drawn]) -> list[tuple[np.ndarray, float]]:
        """Returns the different candidates of a sentence with what each counts; none if all are worth the same."""
        candidates = list({one.token_ids.tobytes(): one for one in group}.values())
        text = self.target.decode(reference)
        rewards = [self.reward(self.target.decode(one.token_ids), text) for one in candidates]
        if max(rewards) == min(rewards):
            return []
        found = candidate_weights([one.log_probability for one in candidates], rewards, SHARPNESS)
        return [(one.token_ids, float(weight)) for one, weight in zip(candidates, found, strict=True)]
