"""A small campaign on the real processes, on Apache Kafka where it is, else the embedded broker."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kafka.fetch import missing

FAULTS = 10
S_MAX = 600
MISMATCHES = ("lost", "twice", "balance_mismatch", "money_mismatch", "other_mismatch")


@pytest.mark.slow
def test_ten_faults_lose_nothing(tmp_path: Path) -> None:
    broker = "embedded" if missing() else "kafka"
    options = {"--faults": FAULTS, "--calls-per-s": 1_000, "--broker": broker, "--minutes-max": 3}
    words = [str(word) for option in options.items() for word in option]
    campaign = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", "--folder", str(tmp_path / "campaign"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = campaign.communicate(timeout=S_MAX)
    except subprocess.TimeoutExpired:
        campaign.terminate()  # it then stops what it started
        said, _ = campaign.communicate()
    assert "\n{" in said, said
    found = json.loads(said.splitlines()[-1])
    assert {name: found[name] for name in MISMATCHES} == dict.fromkeys(MISMATCHES, 0), said
    assert found["faults"] == FAULTS, said
    assert found["sent"] > 10_000, said
