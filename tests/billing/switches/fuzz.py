"""One reader under atheris: `python -m tests.billing.switches.fuzz FORMAT SECONDS`.

Guided by which lines of billing.mediation.switches are reached, from a small file of the format.
Every input is read whole and in pieces with the state stored in between: both must give the same,
and account for every record. A crash, an input that takes SLOW_S, or memory beyond RSS_MB ends it
with a status that is not 0. Prints how many inputs were read and the memory at the end.
"""

import resource
import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["billing.mediation.switches"]):
    from billing.mediation.switches import open_reader  # noqa: F401

from tests.billing.switches.ledger import account
from tests.billing.switches.mutations import mutate
from tests.billing.switches.samples import SAMPLES, file_of, source_of

SLOW_S: Final = 10
RSS_MB: Final = 1_536
INPUT_BYTES_MAX: Final = 4_096
SEEDS: Final = 8


def main() -> None:
    """Fuzz one format for some seconds."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    source = source_of(name)
    read = 0

    def one(data: bytes) -> None:
        nonlocal read
        read += 1
        cut = data[0] * len(data) // 256 if data else 0
        at_once = account(source, data, [])
        assert account(source, data, [cut], restore=True) == at_once
        if read % 1_000 == 0:
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
            print(f"{name}: {read} inputs, {peak_mb} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        for seed in range(SEEDS):
            start = mutate(file_of(name, 2), seed, 0.5 if seed else 0.0)
            (Path(folder) / str(seed)).write_bytes(start[:INPUT_BYTES_MAX])
        limits = [f"-timeout={SLOW_S}", f"-rss_limit_mb={RSS_MB}", f"-max_len={INPUT_BYTES_MAX}"]
        options = [*limits, f"-max_total_time={seconds}", "-print_final_stats=1", "-seed=7"]
        atheris.Setup([sys.argv[0], folder, *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    assert sys.argv[1] in SAMPLES
    main()
