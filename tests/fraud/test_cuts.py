"""The same facts in the same order give the same alerts, however they are cut and whoever dies."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.fraud.incidents import Alert
from billing.fraud.rules import Rules
from billing.fraud.watch import Watch
from tests.fraud.made import small, small_alerts, small_facts
from tests.fraud.traffic.world import DAY_MS, FIRST_MS, HOUR_MS

END_MS = FIRST_MS + small().days * DAY_MS + 12 * HOUR_MS


def cut(facts: pa.Table, at: list[int], kills: bool, passes: bool = False) -> list[Alert]:
    """All alerts of facts cut at these rows; with kills, each cut is a new process.

    passes: at each cut it is said that all which had arrived by then was taken.
    """
    watch, alerts = Watch(Rules()), []
    bounds = [0, *sorted(at), len(facts)]
    for begin, end in pairwise(bounds):
        alerts += watch.take(facts.slice(begin, end - begin))
        if passes:
            alerts += watch.pass_arrivals(facts.column("arrived_ms")[end - 1].as_py())
        if kills:
            watch = Watch.load(watch.dump(), Rules())
    return alerts + watch.pass_time(END_MS)


def test_there_is_something_to_compare() -> None:
    assert len(small_alerts()) > 10
    assert len({a.family for a in small_alerts()}) >= 4


@settings(deadline=None, max_examples=2)
@given(st.lists(st.integers(1, len(small_facts()) - 1), max_size=12, unique=True))
def test_any_cut_gives_the_identical_alerts(at: list[int]) -> None:
    assert cut(small_facts(), at, kills=False) == small_alerts()


@settings(deadline=None, max_examples=1)
@given(st.lists(st.integers(1, len(small_facts()) - 1), min_size=5, max_size=5, unique=True))
def test_five_kills_give_the_identical_alerts(at: list[int]) -> None:
    assert cut(small_facts(), at, kills=True, passes=True) == small_alerts()


def test_single_facts_give_the_identical_alerts() -> None:
    """One by one over the hours in which most is told."""
    facts = small_facts()
    busy = max(small_alerts(), key=lambda alert: alert.revision)
    low, high = np.searchsorted(
        facts.column("arrived_ms").to_numpy(),
        [busy.raised_ms - 10 * 60_000, busy.raised_ms + 10 * 60_000],
    )
    at = list(range(int(low), min(int(high), int(low) + 100)))
    assert cut(facts, at, kills=False) == small_alerts()


def test_a_state_of_another_version_is_refused() -> None:
    import io

    import pytest

    data = Watch(Rules()).dump()
    with np.load(io.BytesIO(data)) as arrays:
        other = dict(arrays)
    other["numbers"] = other["numbers"] + 1
    out = io.BytesIO()
    np.savez(out, **other)
    with pytest.raises(ValueError, match="version 3"):
        Watch.load(out.getvalue(), Rules())
