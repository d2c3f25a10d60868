"""A ledger against a dict, and what is forgotten when it is full."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.fraud.ledger import Ledger

BATCHES = st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=30), max_size=8)


@settings(deadline=None)
@given(BATCHES)
def test_it_counts_like_a_dict(batches: list[list[int]]) -> None:
    ledger, exact = Ledger(1_000, {"count": ("i8", 1), "ring": ("i4", 3)}), dict[int, int]()
    for batch in batches:
        rows = ledger.rows(np.array(batch, np.uint64))
        np.add.at(ledger["count"], rows, 1)
        np.add.at(ledger["ring"][:, 1], rows, 2)
        for key in batch:
            exact[key] = exact.get(key, 0) + 1
    assert dict(zip(ledger.key.tolist(), ledger["count"].tolist(), strict=True)) == exact
    assert (ledger["ring"][:, 1] == 2 * ledger["count"]).all()
    every = ledger.ordered(np.ones(len(ledger), bool))
    assert ledger.key[every].tolist() == sorted(exact)


@settings(deadline=None)
@given(st.permutations(range(20)))
def test_the_most_worth_stay_whatever_came_first(keys: list[int]) -> None:
    ledger = Ledger(5, {"worth": ("i8", 1)})
    rows = ledger.rows(np.array(keys, np.uint64))
    ledger["worth"][rows] = np.array(keys) // 2
    ledger.trim(ledger["worth"])
    assert sorted(ledger.key.tolist()) == [16, 17, 18, 19]
    assert ledger.find(np.array([3, 19], np.uint64))[0] == -1


def test_a_dropped_key_begins_anew() -> None:
    ledger = Ledger(5, {"worth": ("i8", 1)})
    rows = ledger.rows(np.array([7, 8], np.uint64))
    ledger["worth"][rows] = [3, 4]
    ledger.keep(ledger.key == 8)
    rows = ledger.rows(np.array([7, 8], np.uint64))
    assert ledger["worth"][rows].tolist() == [0, 4]
