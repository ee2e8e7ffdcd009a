"""Peak memory of training on a small and on a large text.

    python -m benchmarks.training_memory TEXT [--megabytes 2 200]

Each size is a process of its own that encodes TEXT, repeated to that size, and trains a small model on it for a
moment; it prints its peak resident memory.
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile


def measure(path: str) -> None:
    """Trains on a file for a moment and prints the peak memory in megabytes."""
    from textrnn import LanguageModel, Progress, TextrnnError
    from textrnn.training import keras

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch >= 50

    model = LanguageModel(level="subword", vocabulary_size=1000, units=(64,), embedding_dim=64)
    try:
        model.fit(path, epochs=1, callbacks=[Stop()], validation_fraction=0.001, progress=Progress(quiet=True))
    except TextrnnError as error:
        raise SystemExit(str(error)) from error
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


def main() -> None:
    """Prints the peak memory for each size and the difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[2, 200])
    options = parser.parse_args()
    content = pathlib.Path(options.text).read_bytes()
    peaks = []
    for megabytes in options.megabytes:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "text.txt")
            with open(path, "wb") as file:
                while file.tell() < megabytes * 1_000_000:
                    file.write(content)
            code = f"from benchmarks.training_memory import measure; measure({str(path)!r})"
            output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        peaks.append(float(output))
        print(f"{megabytes:>5} MB of text: peak {peaks[-1]:,.0f} MB", flush=True)
    print(f"difference: {peaks[-1] - peaks[0]:,.0f} MB")


if __name__ == "__main__":
    main()
