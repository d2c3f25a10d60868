"""Figures against sums made call by call in plain Python."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerate import figures
from rerate.figures import TOTAL, Figures, Line, Once, Twice

NANOS_MAX = 2**63 - 1
MONEY = st.one_of(st.just(0), st.integers(1, 5), st.integers(0, NANOS_MAX))
RATING = st.one_of(st.none(), st.tuples(st.integers(0, 2**31 - 1), MONEY))
"""Billed seconds and nanos, or None: no rate."""


class Call(NamedTuple):
    """One leg."""

    leg: str
    currency: str
    destination: str
    old: tuple[int, int] | None
    new: tuple[int, int] | None


CALLS = st.lists(
    st.builds(
        Call,
        st.sampled_from(("sell", "buy")),
        st.sampled_from(("EUR", "USD")),
        st.sampled_from(("", "UK", "USA")),
        RATING,
        RATING,
    ),
    max_size=30,
)


def once(ratings: list[tuple[int, int] | None]) -> Once:
    priced = [rating or (0, 0) for rating in ratings]
    return Once(
        np.array([rating is not None for rating in ratings], np.bool_),
        np.array([seconds for seconds, _ in priced], np.int32),
        np.array([nanos for _, nanos in priced], np.int64),
    )


def added(calls: list[Call], batch: int) -> Figures:
    made = Figures()
    for begin in range(0, len(calls), batch):
        for leg in ("sell", "buy"):
            rows = [
                (begin + i, c) for i, c in enumerate(calls[begin : begin + batch]) if c.leg == leg
            ]
            if rows:
                made.add(
                    Twice(
                        leg,
                        pa.array([str(i) for i, _ in rows]),
                        pa.array([c.currency for _, c in rows]),
                        {"destination": pa.array([c.destination for _, c in rows])},
                        once([c.old for _, c in rows]),
                        once([c.new for _, c in rows]),
                    )
                )
    return made


def line(call: Call) -> Line:
    old_s, old = call.old or (0, 0)
    new_s, new = call.new or (0, 0)
    had, has = call.old is not None, call.new is not None
    changed = (old_s, old, had) != (new_s, new, has)
    return Line(
        legs=1,
        changed=int(changed),
        newly_rated=int(has and not had),
        no_longer_rated=int(had and not has),
        suspended=int(not had and not has),
        old_s=old_s,
        new_s=new_s,
        old_nanos=old,
        new_nanos=new,
    )


def plain(calls: list[Call], by_destination: bool) -> dict[tuple[str, str, str], Line]:
    sums: dict[tuple[str, str, str], Line] = {}
    for call in calls:
        key = (call.leg, call.currency, call.destination if by_destination else "")
        so_far = sums.get(key, figures.NOTHING)
        sums[key] = Line(*(a + b for a, b in zip(so_far, line(call), strict=True)))
    return sums


@settings(deadline=None)
@given(CALLS, st.integers(1, 31))
def test_sums_are_exact_however_calls_fall_into_batches(calls: list[Call], batch: int) -> None:
    made = added(calls, batch)
    assert made.lines(TOTAL) == plain(calls, by_destination=False)
    assert made.lines("destination") == plain(calls, by_destination=True)
    for total in made.lines(TOTAL).values():
        assert total.delta_nanos == total.new_nanos - total.old_nanos


@settings(deadline=None)
@given(CALLS, st.integers(1, 31), st.integers(1, 6))
def test_the_largest_changes_are_kept_the_first_of_equal_ones(
    calls: list[Call], batch: int, kept: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "LARGEST_MAX", kept)
        made = added(calls, batch)
    lines = [line(call) for call in calls]
    for leg in ("sell", "buy"):
        for currency in ("EUR", "USD"):
            own = [
                i
                for i, c in enumerate(calls)
                if (c.leg, c.currency) == (leg, currency) and lines[i].delta_nanos
            ]
            own.sort(key=lambda i: -abs(lines[i].delta_nanos))
            found = made.largest(leg, currency)
            assert [int(change.call) for change in found] == own[:kept]
            assert [change.delta_nanos for change in found] == [
                lines[i].delta_nanos for i in own[:kept]
            ]


@settings(deadline=None)
@given(CALLS)
def test_the_same_prices_change_nothing(calls: list[Call]) -> None:
    made = added([call._replace(new=call.old) for call in calls], 7)
    assert all(own.changed == 0 and own.delta_nanos == 0 for own in made.lines().values())
    assert not any(made.largest(leg, c) for leg in ("sell", "buy") for c in ("EUR", "USD"))
