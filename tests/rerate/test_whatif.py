"""The what-if from snapshots holds what a preview holds, figure by figure, on a real ClickHouse."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from billing.deck import FOREVER_MS, RATES, DeckOptions, DeckVersion, encode_options
from billing.fx import FX
from billing.parties import Account
from clickhouse import reference
from rerate import prices
from rerate.figures import Figures
from rerate.life import Refused
from rerate.scope import Scope
from rerate.snapshot import as_of_ms, path_of
from rerate.snapshots import Snapshots
from rerate.whatif import WhatIf, what_if
from tests.rerate.stored import DAY_MS, FROM_MS, Stored, call, whole

EURO = Account("euro", "customer", "Euro", "gold", "EUR")
DIMENSIONS = ("total", "account", "destination", "day")
CODES = ("49", "4917", "33", "441", "1")
Instead = Mapping[tuple[str, str], str]


def previewed(stored: Stored, scope: Scope, instead: Instead) -> Figures:
    number = stored.desk.make(scope, "ann", instead).number
    return stored.desk.figures(stored.desk.preview(number, "ann").record)


def compared(stored: Stored, folder: Path, scope: Scope, instead: Instead) -> WhatIf:
    snapshots = Snapshots(folder, stored.client, batch_calls=50, late_ms=0)
    priced = prices.gather(stored.client, instead)
    return what_if(stored.client, snapshots, scope, priced, 2, lambda _: None)


def same(stored: Stored, folder: Path, scope: Scope, instead: Instead) -> WhatIf:
    found, expected = compared(stored, folder, scope, instead), previewed(stored, scope, instead)
    for dimension in DIMENSIONS:
        assert found.figures.lines(dimension) == expected.lines(dimension)
    return found


def factors(stored: Stored, numerator: int) -> None:
    rate = ("USD", "EUR", numerator, 100, 0, numerator)
    columns = [[value] for value in rate]
    reference.save_fx(stored.client, pa.table(columns, schema=FX))


def by_origin(stored: Stored, name: str) -> None:
    """A sell deck: Germany costs less for those who call from there; its mobiles are blocked."""
    rows = [
        (prefix, f"to {prefix}", nanos, nanos, 0, 60, 30, 0, FOREVER_MS, "any", origin, not nanos)
        for prefix, nanos, origin in (
            ("49", 50_000_000, "any"),
            ("49", 20_000_000, "home"),
            ("33", 40_000_000, "any"),
            ("1", 7_000_000, "any"),
            ("4917", 0, "any"),
        )
    ]
    rates = pa.table(list(zip(*rows, strict=True)), schema=RATES)
    options = DeckOptions(origin_classes=(("49", "home"),))
    number = reference.claim_number(stored.client)
    version = DeckVersion(number, name, "sell", "full", 0, number, options, rates)
    reference.save_version(stored.client, version, encode_options(options), "-", "0" * 64)


def mixed(stored: Stored, count: int) -> None:
    """Calls of every kind: rated, suspended for many reasons, attempts, in two currencies."""
    reference.save_accounts(stored.client, [EURO], 1)
    factors(stored, 90)
    stored.deck("gold", "sell", {"49": 60_000_000, "33": 45_000_000, "1": 5_000_000})
    stored.deck("silver", "sell", {"49": 48_000_000, "4917": 90_000_000, "441": 1})
    stored.deck("buy", "buy", {"49": 10_000_000, "33": 44_000_000, "441": 3, "1": 6_000_000})
    by_origin(stored, "origin")
    rng = random.Random(7)
    stored.calls(
        *(
            call(
                number,
                customer=rng.choice(("acme", "acme", "bolt", "euro", "nobody")),
                vendor=rng.choice(("vend", "vend", "vend", "other", "")),
                called=rng.choice(("+", "", "00")) + rng.choice(CODES) + f"{rng.randrange(10**7)}",
                calling=rng.choice(("4915112345", "33123", "", "anonymous")),
                duration_ms=rng.choice((0, rng.randrange(1, 600_000))),
            )
            for number in range(count)
        )
    )


def test_it_says_what_a_preview_says(stored: Stored, tmp_path: Path) -> None:
    mixed(stored, 400)
    gold = ("sell", "gold")
    first = same(stored, tmp_path, whole(), {gold: "silver"})
    assert (first.calls, first.days, first.held) == (400, 4, 0)
    scopes: list[tuple[dict[str, Any], Instead]] = [
        ({}, {}),
        ({}, {gold: "origin"}),
        ({"side": "sell"}, {gold: "silver"}),
        ({"side": "buy"}, {gold: "silver"}),
        ({"status": "suspended"}, {gold: "silver"}),
        ({"status": "rated", "codes": ["49", "1"]}, {gold: "silver"}),
        ({"codes": ["4917", "441"], "vendors": ["vend"]}, {gold: "silver"}),
        ({"customers": ["euro", "bolt"]}, {gold: "origin"}),
        ({"decks": ["gold"], "side": "sell"}, {gold: "silver"}),
        ({"from": FROM_MS + DAY_MS // 2, "to": FROM_MS + 2 * DAY_MS + 150_000}, {gold: "silver"}),
    ]
    for said, instead in scopes:
        found = same(stored, tmp_path, whole(**said), instead)
        assert found.held == found.days
    # Another exchange rate, then another currency: legs that end in one and begin in the other.
    factors(stored, 95)
    same(stored, tmp_path, whole(), {gold: "silver"})
    reference.save_accounts(stored.client, [EURO._replace(currency="USD")], 2)
    moved = same(stored, tmp_path, whole(), {})
    assert moved.held == 4
    assert moved.figures.lines()["sell", "EUR", ""].no_longer_rated > 0


def test_a_snapshot_holds_until_its_day_changes(stored: Stored, tmp_path: Path) -> None:
    mixed(stored, 40)
    gold = {("sell", "gold"): "silver"}
    assert compared(stored, tmp_path, whole(), gold).held == 0
    assert compared(stored, tmp_path, whole(), gold).held == 4
    stored.calls(call(1_000))  # a late call, of the first day
    assert same(stored, tmp_path, whole(), gold).held == 3
    number = stored.desk.make(whole(customers=["acme"]), "ann", gold).number
    record = stored.desk.preview(number, "ann").record
    stored.desk.submit(number, "ann", suspending=True)
    stored.desk.approve(number, "bob", record.run.delta)
    stored.desk.apply(number, "ann")
    assert same(stored, tmp_path, whole(), gold).held == 0  # a run has changed every day
    assert same(stored, tmp_path, whole(), gold).held == 4


def test_a_damaged_snapshot_is_read_anew(stored: Stored, tmp_path: Path) -> None:
    mixed(stored, 40)
    compared(stored, tmp_path, whole(), {})
    own = path_of(tmp_path, FROM_MS // DAY_MS)
    for text in (b"", b"nothing", own.read_bytes()[:-200]):
        own.write_bytes(text)
        assert as_of_ms(own) is None
        assert same(stored, tmp_path, whole(), {}).held == 3


def test_a_day_that_is_written_to_is_not_kept(stored: Stored, tmp_path: Path) -> None:
    mixed(stored, 8)
    snapshots = Snapshots(tmp_path, stored.client)  # quiet for ten seconds, which it is not
    priced = prices.gather(stored.client, {})
    for _ in range(2):
        found = what_if(stored.client, snapshots, whole(), priced, 1, lambda _: None)
        assert (found.calls, found.held) == (8, 0)
    assert not [path for path in tmp_path.iterdir() if ".arrow" in path.name]


def test_what_it_cannot_tell_is_refused(stored: Stored, tmp_path: Path) -> None:
    mixed(stored, 4)
    for said, why in (
        ({"switches": ["sbc-1"]}, "scope: switches: a what-if does not know them"),
        ({"calls": ["0" * 32]}, "scope: calls: a what-if does not know them"),
        ({"codes": ["1" * 16]}, "a what-if knows 15 digits of a code"),
        ({"customers": ["none"]}, "the scope matches no calls"),
        ({"from": FROM_MS - DAY_MS, "to": FROM_MS}, "the scope matches no calls"),
    ):
        with pytest.raises(Refused, match=why):
            compared(stored, tmp_path, whole(**said), {})
