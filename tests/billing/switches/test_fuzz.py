"""Every reader under atheris for 60 s, and a million lines of which many are spoilt."""

import importlib.util
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from billing.mediation.switches import FORMATS
from tests.billing.switches.ledger import account
from tests.billing.switches.mutations import mutate
from tests.billing.switches.samples import SAMPLES, file_of, source_of

ROOT = Path(__file__).parents[3]
FUZZ_S = 60
START_S = 240
LINES = 1_000_000
DRAWN = 1_050_000
"""some formats have fewer lines than calls were drawn for"""
SPOILT = 0.3
PIECE_BYTES = 4 * 1024 * 1024
GROWTH_MB_MAX = 1_024


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="no atheris (group `fuzz`)")
def test_no_input_crashes_a_reader_or_makes_it_hang_or_grow(name: str) -> None:
    command = [sys.executable, "-m", "tests.billing.switches.fuzz", name, str(FUZZ_S)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=FUZZ_S + START_S, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
    assert "number_of_executed_units" in done.stderr


@pytest.mark.slow
def test_each_of_a_million_lines_is_accounted_for() -> None:
    lines = good = dead = 0
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed, name in enumerate(FORMATS):
        calls = DRAWN // len(FORMATS) // SAMPLES[name].per_call
        data = mutate(file_of(name, calls), seed, SPOILT)
        found = account(source_of(name), data, list(range(0, len(data), PIECE_BYTES)))
        assert found.records == len(found.calls) + len(found.dead) + sum(
            found.skipped.values(), found.waiting
        )
        assert found.calls
        assert found.dead
        lines += data.count(b"\n")
        good, dead = good + len(found.calls), dead + len(found.dead)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) // 1_024
    print(f"{lines:,} lines: {good:,} calls, {dead:,} dead letters; {grown_mb} MB")
    assert lines >= LINES
    assert grown_mb < GROWTH_MB_MAX
