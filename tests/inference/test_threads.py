import itertools
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tests.conftest import random_weights, reversal_pairs
from textrnn.config import NetworkConfig
from textrnn.evaluation import perplexity
from textrnn.inference import threads
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.threads import OneBlasThread, one_blas_thread, parts, side_by_side
from textrnn.preprocessing import corpora
from textrnn.preprocessing.sequences import encode_corpus


class Library:
    """A BLAS library as `threadpoolctl` shows it, with one setting for the process."""

    internal_api = "openblas"

    def __init__(self, num_threads):
        self.num_threads = num_threads

    def set_num_threads(self, number):
        self.num_threads = number


@pytest.fixture
def library():
    return Library(8)


@pytest.fixture
def limit(library):
    """A limit on that library alone."""
    limit = OneBlasThread()
    limit.libraries = [library]
    return limit


@pytest.fixture
def cores(monkeypatch):
    """Sets how many threads may work side by side."""

    def set_cores(number):
        monkeypatch.setattr(threads, "num_cores", lambda: number)
        monkeypatch.setattr(OneBlasThread, "usual_number", lambda self: number)

    return set_cores


def blas_threads():
    """Returns what `threadpoolctl` finds set, for each BLAS library."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_a_limit_gives_back_what_was_there(limit, library):
    with limit:
        assert library.num_threads == 1
        assert limit.usual_number() == 8
        with limit:
            assert library.num_threads == 1
        assert library.num_threads == 1
    assert library.num_threads == 8
    library.num_threads = 3  # set by somebody else in between
    with pytest.raises(ValueError, match="x"), limit:
        raise ValueError("x")
    assert library.num_threads == 3


def test_the_last_of_several_threads_gives_it_back(limit, library):
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with limit:
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=stay)
    with limit:
        other.start()
        inside.wait(10)
    assert library.num_threads == 1  # the other one is still at work
    leave.set()
    other.join()
    assert library.num_threads == 8


def test_a_library_with_a_setting_for_each_thread_is_told_in_each(limit, library):
    library.internal_api = "mkl"
    with limit:
        helper = threading.Thread(target=lambda: limit.__enter__() or limit.__exit__())
        helper.start()
        helper.join()
        assert library.num_threads == 8  # that of the helper, in truth
    assert library.num_threads == 8


def test_without_a_library_that_can_be_told(monkeypatch):
    limit = OneBlasThread()
    limit.libraries = []
    monkeypatch.setattr(threads, "one_blas_thread", limit)
    with limit:
        assert limit.usual_number() == threads.num_cores()
    assert side_by_side(str, range(40)) == [str(number) for number in range(40)]


def test_real_libraries(trained):
    before = blas_threads()
    with one_blas_thread:
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before
    pieces = trained[0].stream("The", max_tokens=5, seed=1)
    for _ in itertools.islice(pieces, 3):
        assert blas_threads() == before  # what stands between two pieces of text is the user's own work
    with threadpool_limits(1):
        trained[0].generate("The", max_tokens=3)
        assert set(blas_threads()) <= {1}
        assert one_blas_thread.usual_number() == 1
    assert blas_threads() == before


@pytest.mark.parametrize("number", [0, 1, 2, 31, 32, 33, 100, 256, 300, 512, 513, 5000])
def test_parts_are_all_the_rows_in_order(number):
    found = parts(number)
    assert [row for part in found for row in range(number)[part]] == list(range(number))
    sizes = [part.stop - part.start for part in found]
    assert max(sizes) <= 256
    assert max(sizes) - min(sizes) <= 1
    assert len(found) == 1 if number < 32 else len(found) % 2 == 0
    assert all(part.stop - part.start <= 64 for part in parts(number, 64))


@pytest.mark.parametrize("number", [1, 2, 5])
def test_side_by_side_keeps_the_order(cores, number):
    cores(number)
    used = set()
    all_have_one = threading.Barrier(number)

    def work(item):
        used.add(threading.get_ident())
        if item < number:  # on a busy machine a thread may begin late
            all_have_one.wait(timeout=60)
        time.sleep(0.002 * (item % 3))
        return item * item, side_by_side(str, [item, item])

    assert side_by_side(work, range(12)) == [(n * n, [str(n), str(n)]) for n in range(12)]
    assert len(used) == number


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("failure", [ValueError("item 2"), KeyboardInterrupt("item 2")])
def test_a_failure_ends_all(cores, number, failure):
    cores(number)
    done = []

    def work(item):
        if item == 2:
            raise failure
        for _ in range(500):
            time.sleep(0.001 if number > 1 else 0)
            with one_blas_thread:  # as each step of a network
                pass
        done.append(item)

    start = time.monotonic()
    with pytest.raises(type(failure), match="item 2"):
        side_by_side(work, range(20))
    assert len(done) <= 2
    assert time.monotonic() - start < 5
    assert threads.one_blas_thread.num_threads_inside == 0


def test_settings_of_the_calling_thread_hold_in_the_others(cores):
    cores(2)

    def divide(number):
        time.sleep(0.01)
        return np.float32(1) / np.float32(number)

    with np.errstate(divide="ignore"):
        assert side_by_side(divide, [0, 0, 1]) == [np.inf, np.inf, 1]
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        side_by_side(divide, [0, 0, 1])


def test_results_do_not_depend_on_the_cores_to_the_last_bit(cores, trained, reverser, tmp_path, lighthouse):
    model, translator = trained[0], reverser[0]
    sentences = reversal_pairs(150, seed=5).sources
    text = encode_corpus(corpora.read(lighthouse), model.tokenizer, tmp_path)

    def results():
        model._network = translator._network = None
        groups = model.generations(["The", "It was"], num_samples=40, max_tokens=30, seed=2, explain=True)
        drawn = [(one.text, [choice.probability for choice in one.choices]) for group in groups for one in group]
        found = [(one.text, one.score, one.attention.tobytes()) for (one,) in translator.translations(sentences)]
        return drawn, found, perplexity.evaluate(model.network, text, window=100).loss

    cores(1)
    expected = results()
    for number in (2, 4):
        cores(number)
        assert results() == expected


def test_a_batch_is_read_in_parts(cores):
    """The parts of a batch give what the whole gives: logits and states."""
    config = NetworkConfig(vocabulary_size=30, units=(6, 5), embedding_dim=4)
    network = RecurrentNetwork(config, random_weights(config))
    token_ids = np.random.default_rng(1).integers(0, 30, (70, 3))
    cores(2)
    logits, states = network(token_ids, network.initial_states(70))
    single = [network(token_ids[row : row + 1], network.initial_states(1)) for row in range(70)]
    np.testing.assert_allclose(logits, np.concatenate([one for one, _ in single]), atol=1e-5)
    for layer, shape in enumerate((6, 5)):
        for number in range(2):
            assert states[layer][number].shape == (70, shape)
            expected = np.concatenate([one[layer][number] for _, one in single])
            np.testing.assert_allclose(states[layer][number], expected, atol=1e-5)
