"""Scopes: one text and one hash for one meaning, and refusals that name field and value."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.instants import DAY_MS, INSTANT_MS_MAX, INSTANT_MS_MIN, format_instant_ms
from rerate.scope import LISTS, SIDES, STATUSES, ScopeRefused, parse, preview_hash

NAMES = st.lists(st.text(min_size=1, max_size=4), max_size=4)
PERIODS = st.lists(
    st.integers(INSTANT_MS_MIN, INSTANT_MS_MAX - 1), min_size=2, max_size=2, unique=True
).map(sorted)
MORE = st.fixed_dictionaries(
    {},
    optional={
        "side": st.sampled_from(SIDES),
        "status": st.sampled_from(STATUSES),
        "customers": NAMES,
        "vendors": NAMES,
        "switches": NAMES,
        "decks": NAMES,
        "codes": st.lists(st.from_regex(r"[0-9]{1,18}", fullmatch=True), max_size=3),
        "calls": st.lists(st.from_regex(r"[0-9a-f]{32}", fullmatch=True), max_size=3),
    },
)


def said_of(period: list[int], more: dict[str, Any]) -> dict[str, Any]:
    begin, end = map(format_instant_ms, period)
    return {"from": begin, "to": end, **more}


SAID = st.builds(said_of, PERIODS, MORE)
PERIOD = {"from": "2026-11-01", "to": "2026-12-01"}


@settings(deadline=None)
@given(SAID, st.randoms(use_true_random=False))
def test_order_and_repeats_mean_nothing(said: dict[str, Any], random: Random) -> None:
    scope = parse(said)
    again = dict(said)
    for name in LISTS:
        if again.get(name):
            again[name] = [*again[name], random.choice(again[name])]
            random.shuffle(again[name])
    assert parse(again) == scope
    assert parse(again).canonical() == scope.canonical()
    assert parse(json.loads(scope.canonical())) == scope


@settings(deadline=None)
@given(SAID, SAID)
def test_other_calls_have_another_hash(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = parse(one) == parse(other)
    assert (preview_hash(parse(one), "d", "w") == preview_hash(parse(other), "d", "w")) == same
    hashes = {preview_hash(parse(one), v, w) for v in ("d", "e", "de") for w in ("w", "v")}
    assert len(hashes) == 6


def test_a_period_touches_days() -> None:
    assert len(parse(PERIOD).days) == 30
    part = parse({"from": "2026-11-23T10:00:00Z", "to": "2026-11-24T00:00:00.001Z"})
    assert [format_instant_ms(day * DAY_MS)[:10] for day in part.days] == [
        "2026-11-23",
        "2026-11-24",
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"from": None}, "from is missing"),
        ({"from": "yesterday"}, "from: 'yesterday'"),
        ({"to": "2026-11-01"}, "is no period"),
        ({"side": "left"}, "side: 'left': one of sell, buy, both"),
        ({"status": []}, "status: "),
        ({"customers": "acme"}, "customers: 'acme' is not a list"),
        ({"vendors": [""]}, "vendors: '' is not a name"),
        ({"codes": ["44x"]}, "codes: '44x' is not a dial code"),
        ({"calls": ["12"]}, "calls: '12' is not a call's id"),
        ({"calls": [f"{n:032x}" for n in range(20_001)]}, "20,001 ids; at most 20,000"),
        ({"custmers": []}, "no field custmers; there are from, to, side"),
    ],
)
def test_refusals_name_field_and_value(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ScopeRefused, match=said):
        parse({**PERIOD, **more})
