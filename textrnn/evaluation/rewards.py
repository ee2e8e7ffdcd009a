"""How good drawn translations are, and what that teaches: minimum risk training (Shen et al. 2016).

The risk of a sentence is what its translations cost on average, `sum_k q_k (1 - r_k)`: `r_k` is the reward of candidate
`k`, its score against the reference, and `q_k` its share of the probability of all candidates, `p_k ** alpha` made to
add up to 1 (Shen et al. 2016, equations 9 and 11). By `log p_k` its derivative is `-alpha q_k (r_k - sum_j q_j r_j)`:
what writes a candidate becomes likelier if it is better than the others, and less likely if it is worse.
"""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["candidate_weights", "rewarder"]

Rewarder = Callable[[str, str], float]


def rewarder(name: str, tokenize: str = "13a", lowercase: bool = False) -> Rewarder:
    """Returns what scores a candidate against a reference, 0 to 1.

    Args:
        name: "bleu", sentence BLEU over the n-gram orders that there are, or "chrf".
        tokenize: sacreBLEU's tokenizer, for BLEU.
        lowercase: Whether case counts for nothing.
    """
    if name == "bleu":
        from textrnn.evaluation.bleu import bleu_metric

        metric = bleu_metric(tokenize, lowercase, effective_order=True)
    else:
        import sacrebleu

        metric = sacrebleu.CHRF(lowercase=lowercase)

    def reward(candidate: str, reference: str) -> float:
        return float(metric.sentence_score(candidate, [reference]).score) / 100

    return reward


def candidate_weights(log_probabilities: Sequence[float], rewards: Sequence[float], sharpness: float) -> np.ndarray:
    """Returns what the log-probability of each candidate of a sentence counts in the loss, shape `(candidates,)`.

    That is the derivative of the risk, divided by `sharpness`, with its sign turned: positive for a candidate that is
    better than the others on average. They add up to zero.

    Args:
        log_probabilities: Natural logarithms of the probabilities of different candidates.
        rewards: Their rewards.
        sharpness: The exponent `alpha`: 0 lets all candidates count alike, 1 as they are probable.
    """
    logits = sharpness * np.asarray(log_probabilities, dtype=np.float64)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    values = np.asarray(rewards, dtype=np.float64)
    result: np.ndarray = shares * (values - shares @ values)
    return result
