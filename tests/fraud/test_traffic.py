"""The simulator: the same seed is the same traffic, labels are whole, and it knows no detector."""

import ast
from pathlib import Path

import numpy as np

from billing.fraud.facts import ANSWER, CDR, START, STOP
from tests.fraud.made import SMALL_ACCOUNTS, small, small_facts
from tests.fraud.traffic.attacks import FOR_TEST_ONLY, FOR_TUNING
from tests.fraud.traffic.background import background
from tests.fraud.traffic.world import build

HERE = Path(__file__).parent


def test_a_seed_is_a_traffic() -> None:
    one, same, other = (background(build(seed, 800, SMALL_ACCOUNTS), seed, 2) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert len(one.start) != len(other.start) or (one.b != other.b).any()


def test_each_call_has_its_facts() -> None:
    kinds = small_facts().column("kind").to_numpy()
    n, answered = len(small().calls.start), int(small().calls.answered.sum())
    counts = [int((kinds == kind).sum()) for kind in (START, ANSWER, STOP, CDR)]
    assert counts == [n, answered, n, n]
    assert len(small_facts(False)) == n
    arrived = small_facts().column("arrived_ms").to_numpy()
    assert (np.diff(arrived) >= 0).all()
    assert (arrived >= small_facts().column("at_ms").to_numpy()).all()


def test_every_attack_is_labelled_and_comes_after_the_learning() -> None:
    labels = small().calls.label
    assert {a.number for a in small().attacks} == set(labels[labels > 0].tolist())
    assert (small().calls.start[labels > 0] >= small().judged_ms).all()
    assert {a.family for a in small().attacks} == {*FOR_TUNING, *FOR_TEST_ONLY, "fas"}


def test_business_has_a_day_and_a_week() -> None:
    calls = small().calls
    honest = calls.start[calls.label == 0]
    hour, day = honest // 3_600_000 % 24, honest // 86_400_000 % 7
    by_hour = np.bincount(hour, minlength=24)
    assert by_hour.max() > 3 * by_hour.min()
    by_day = np.bincount(day, minlength=7)  # 1970-01-01 was a Thursday: 2 and 3 are the weekend
    assert by_day[[2, 3]].mean() < 0.9 * by_day[[0, 1, 5, 6]].mean()


def test_it_knows_the_form_of_facts_and_nothing_else_of_the_detectors() -> None:
    for file in sorted((HERE / "traffic").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("billing"):
                assert node.module == "billing.fraud.facts", file.name
