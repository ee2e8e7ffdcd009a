import numpy as np
import pytest

from textrnn.evaluation.rewards import candidate_weights, rewarder


def risk(log_probabilities, rewards, sharpness):
    shares = np.exp(sharpness * np.asarray(log_probabilities))
    return float(shares / shares.sum() @ (1 - np.asarray(rewards)))


@pytest.mark.parametrize("sharpness", [0.005, 1.0])
def test_weights_are_the_derivative_of_the_risk(sharpness):
    log_probabilities, rewards = np.array([-3.0, -1.0, -7.5]), [0.2, 0.9, 0.4]
    found = candidate_weights(log_probabilities, rewards, sharpness)
    assert found.sum() == pytest.approx(0, abs=1e-12)
    for index in range(3):
        step = np.eye(3)[index] * 1e-4
        ends = [risk(log_probabilities + sign * step, rewards, sharpness) for sign in (1, -1)]
        assert -(ends[0] - ends[1]) / 2e-4 / sharpness == pytest.approx(found[index], rel=1e-4)


def test_without_sharpness_a_reward_counts_against_the_mean():
    np.testing.assert_allclose(candidate_weights([-1.0, -9.0], [0.0, 1.0], 0.0), [-0.25, 0.25])


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_rewards_rise_with_what_is_right(name):
    reward = rewarder(name)
    values = [reward(text, "the cat sat on the mat") for text in ("dogs", "the cat", "the cat sat on a mat")]
    assert values == sorted(values)
    assert reward("the cat sat on the mat", "the cat sat on the mat") == pytest.approx(1)
    assert rewarder(name, lowercase=True)("THE CAT", "the cat") == pytest.approx(1)
