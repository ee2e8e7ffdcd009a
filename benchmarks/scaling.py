"""What much training costs, computed from measured parts: the tables of `docs/SCALING.md`, and how they come about.

python -m benchmarks.scaling           # prints the tables
python -m benchmarks.scaling --write   # puts them into docs/SCALING.md
"""

import argparse
import dataclasses
import math
import pathlib
import re

PATH = pathlib.Path(__file__).parent.parent / "docs" / "SCALING.md"
TABLE = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)

MACHINES = (1, 8, 64)
TOKENS = (1e9, 1e11)
RATES = (1, 10, 25)  # Gbit/s
DAY = 86_400


@dataclasses.dataclass(frozen=True)
class Step:
    """A measured step of training.

    Args:
        machine: On what.
        seconds: How long it took, from the first step of the run to the last, validation included.
    """

    machine: str
    seconds: float


# Measured: `recipes/english`, one LSTM layer of 1,024 units, 32 rows of 64 tokens; legs 3 and 1 in `RESULTS.md`.
BATCH_TOKENS = 32 * 64
PARAMETERS = 9_251_410
STEPS = (Step("Xeon with AMX, bfloat16", 71 * 60 / 9_600), Step("EPYC with AVX2, float32", 108 * 60 / 3_600))
CHARACTERS_PER_TOKEN = 68.1e6 / 18_048_856
# Measured: `SPEED.md`, on two cores; "subword, encoding" and "5 beams".
ENCODED_BYTES = 4.76e6  # a second
TRANSLATED_SENTENCES = 165  # a second

# Assumed.
HOP_SECONDS = 1e-4  # that a message takes to the next machine, beside its bytes
GPU_OPERATIONS = (
    1e13  # a second: a tenth of what one with 100 TFLOP/s has at most, since a recurrent layer waits for itself
)
TOKENS_PER_PARAMETER = 20  # at which a network of transformers gains most for its cost (Hoffmann et al. 2022)

# Computed.
GRADIENT_BYTES = 4 * PARAMETERS  # float32
OPERATIONS_PER_TOKEN = 6 * PARAMETERS  # a multiplication and an addition, forward once and backward twice


def ring_seconds(machines: int, gigabits: float) -> float:
    """Returns how long a ring of machines takes to sum the gradient.

    Each machine sends, in `2 (n - 1)` messages, each part of the gradient but one twice: `2 (n - 1) / n` of its bytes
    (Patarasuk and Yuan 2009).
    """
    num_bytes = 2 * (machines - 1) / machines * GRADIENT_BYTES
    return num_bytes / (gigabits * 1e9 / 8) + 2 * (machines - 1) * HOP_SECONDS


def seconds_with_more_rows(step: Step, tokens: float, machines: int, gigabits: float) -> float:
    """Returns how long a run takes in which each machine has 32 rows: fewer steps, each with the sum at its end."""
    return tokens / (BATCH_TOKENS * machines) * (step.seconds + ring_seconds(machines, gigabits))


def seconds_with_the_same_rows(step: Step, tokens: float, machines: int, gigabits: float) -> float:
    """Returns how long a run takes in which all machines share 32 rows: as many steps, each shorter at best."""
    return tokens / BATCH_TOKENS * (step.seconds / machines + ring_seconds(machines, gigabits))


def shown(seconds: float) -> str:
    """Returns a time in a unit that fits.

    >>> shown(1200), shown(43_200), shown(1e6), shown(7e7), shown(1e10)
    ('20 minutes', '12 hours', '12 days', '2.2 years', '317 years')
    """
    units = (
        (60, "minutes", 7200),
        (3600, "hours", 2 * DAY),
        (DAY, "days", 700 * DAY),
        (365.25 * DAY, "years", math.inf),
    )
    size, name = next((size, name) for size, name, most in units if seconds < most)
    number = seconds / size
    return f"{number:.1f} {name}" if number < 10 else f"{number:,.0f} {name}"


def count(tokens: float) -> str:
    """Returns a number of tokens in words."""
    return f"{tokens / 1e9:,.0f} billion"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Returns a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def parts_table() -> str:
    """Returns the parts that all else is computed from."""
    rows = [
        [f"a step of {BATCH_TOKENS:,} tokens, {step.machine}", f"{step.seconds:.3f} s", "measured"] for step in STEPS
    ]
    rows += [
        [f"the gradient of {PARAMETERS:,} parameters", f"{GRADIENT_BYTES / 1e6:.1f} MB", "computed: 4 bytes each"],
        ["operations for a token", f"{OPERATIONS_PER_TOKEN / 1e6:.0f} million", "computed: 6 for each parameter"],
        ["characters for a token", f"{CHARACTERS_PER_TOKEN:.2f}", "measured"],
        ["encoding, subwords", f"{ENCODED_BYTES / 1e6:.2f} MB/s", "measured"],
        ["translating, five beams", f"{TRANSLATED_SENTENCES} sentences/s", "measured"],
        ["a message to the next machine", f"{1e3 * HOP_SECONDS:.1f} ms", "assumed"],
        ["a GPU", f"{GPU_OPERATIONS / 1e12:.0f} million million operations/s", "assumed"],
    ]
    return table(["part", "size", "how it is known"], rows)


def ring_table() -> str:
    """Returns how long the gradient takes, and which share of a step with 32 rows a machine is left for computing."""
    head = ["machines", "network", "sum of the gradient", *(f"computing, {step.machine}" for step in STEPS)]
    rows = []
    for machines in MACHINES[1:]:
        for gigabits in RATES:
            ring = ring_seconds(machines, gigabits)
            shares = [f"{100 * step.seconds / (step.seconds + ring):.0f}%" for step in STEPS]
            rows.append([str(machines), f"{gigabits} Gbit/s", f"{ring:.3f} s", *shares])
    return table(head, rows)


def cost_table(how: str) -> str:
    """Returns how long runs take and what they cost, with "more rows" on more machines or the "same rows"."""
    seconds = {"more rows": seconds_with_more_rows, "same rows": seconds_with_the_same_rows}[how]
    rows = []
    for tokens in TOKENS:
        for step in STEPS:
            alone = seconds(step, tokens, 1, 1)
            for machines in MACHINES:
                for gigabits in RATES[:2] if machines > 1 else [0]:
                    taken = seconds(step, tokens, machines, gigabits) if machines > 1 else alone
                    network = f"{gigabits} Gbit/s" if gigabits else ""
                    cost = f"{machines * taken / 3600:,.0f}"
                    faster = f"{alone / taken:.1f}"
                    rows.append([count(tokens), step.machine, str(machines), network, shown(taken), faster, cost])
    return table(["tokens", "machine", "machines", "network", "time", "times as fast", "machine-hours"], rows)


def most_machines(step: Step, gigabits: float) -> int:
    """Returns up to how many machines of 32 rows at least half of the time is computing."""
    return max(number for number in range(1, 100_000) if ring_seconds(number, gigabits) <= step.seconds)


def limits_table() -> str:
    """Returns up to how many machines at least half of the time is computing, and how large a batch is then."""
    rows = []
    for step in STEPS:
        most = [most_machines(step, gigabits) for gigabits in RATES]
        rows.append([step.machine, *(f"{number:,} ({number * BATCH_TOKENS / 1e6:,.2f})" for number in most)])
    return table(["machine", *(f"{gigabits} Gbit/s (million tokens a batch)" for gigabits in RATES)], rows)


def instead_table() -> str:
    """Returns what a GPU would take, and what a network would that is as large as so many tokens deserve."""
    rows = []
    for tokens in TOKENS:
        large = tokens / TOKENS_PER_PARAMETER
        own = BATCH_TOKENS * OPERATIONS_PER_TOKEN / STEPS[0].seconds  # operations a second
        rows.append(
            [
                count(tokens),
                f"{tokens / PARAMETERS:,.0f}",
                shown(OPERATIONS_PER_TOKEN * tokens / GPU_OPERATIONS),
                f"{large / 1e6:,.0f} million",
                shown(6 * large * tokens / own),
                shown(6 * large * tokens / GPU_OPERATIONS),
                f"{8 * 4 * large / (RATES[1] * 1e9) * 2:,.1f} s",
            ]
        )
    head = [
        "tokens",
        "for each parameter",
        "one GPU",
        "parameters for as many",
        "one machine",
        "one GPU",
        "its sum, 10 Gbit/s",
    ]
    return table(head, rows)


def data_table() -> str:
    """Returns how large the data are, and how long machines encode them."""
    rows = []
    for tokens in TOKENS:
        characters = tokens * CHARACTERS_PER_TOKEN
        times = [shown(characters / ENCODED_BYTES / machines) for machines in MACHINES]
        rows.append([count(tokens), f"{characters / 1e9:,.1f} GB", f"{2 * tokens / 1e9:,.0f} GB", *times])
    return table(["tokens", "text", "shards", "encoded by 1 machine", *(f"by {m}" for m in MACHINES[1:])], rows)


def lines_table() -> str:
    """Returns how long translating takes, which needs no sums: machines add up."""
    rows = []
    for lines in (1e6, 1e8):
        times = [shown(lines / TRANSLATED_SENTENCES / machines) for machines in MACHINES]
        rows.append([f"{lines / 1e6:,.0f} million", *times])
    return table(["sentences", "1 machine", *(f"{machines} machines" for machines in MACHINES[1:])], rows)


TABLES = {
    "parts": parts_table,
    "ring": ring_table,
    "more rows": lambda: cost_table("more rows"),
    "same rows": lambda: cost_table("same rows"),
    "limits": limits_table,
    "instead": instead_table,
    "data": data_table,
    "lines": lines_table,
}


def with_tables(document: str) -> str:
    """Returns the document with its tables computed anew."""
    return TABLE.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], document)


def main() -> None:
    """Prints the tables, or puts them into the document."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the tables into docs/SCALING.md")
    if parser.parse_args().write:
        PATH.write_text(with_tables(PATH.read_text(encoding="utf-8")), encoding="utf-8")
        return
    for name, made in TABLES.items():
        print(f"{name}\n\n{made()}\n")


if __name__ == "__main__":
    main()
