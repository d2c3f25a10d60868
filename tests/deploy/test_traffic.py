"""The demo data hold what they promise: codes, decks, accounts, calls, and the account of dirt."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest

from deploy.traffic import (
    CLEAN,
    SCHEMA,
    Batch,
    Dirt,
    Fate,
    Truth,
    generate,
    live_batch,
    seed_codes,
    seed_decks,
    to_arrow,
    to_csv,
    to_json,
)
from tests.deploy.plain_reader import (
    accounts,
    answered_ms,
    covers,
    decks,
    judge,
    prefixes,
    records,
)

DAY = date(2026, 3, 2)
DAY_START_MS = 1_772_409_600_000
DAY_MS = 86_400_000
DIRTY = Dirt(duplicate=0.05, malformed=0.04, unknown_customer=0.03, unknown_destination=0.02)
COLUMNS = ["prefix", "destination", "rate_per_min", "connect_fee"]
COLUMNS += ["first_increment", "next_increment"]


@cache
def dirty_day() -> list[Batch]:
    return list(generate(7, 20_000, DAY, dirt=DIRTY))


@cache
def clean_day() -> pa.Table:
    return pa.Table.from_batches([b.records for b in generate(7, 60_000, DAY, dirt=CLEAN)])


def total(batches: list[Batch]) -> Truth:
    return sum((batch.truth() for batch in batches), Truth())


def test_codes_cover_the_world() -> None:
    codes = seed_codes()
    names = dict(codes)
    assert 11_500 <= len(codes) == len(names) <= 12_500
    assert codes == sorted(codes) == seed_codes()
    assert {str(c) for c in phonenumbers.COUNTRY_CODE_TO_REGION_CODE} <= names.keys()
    assert all(p.isascii() and p.isdecimal() and len(p) <= 9 for p in names)
    assert names["49"] == "Germany"
    assert names["4930"] == "Germany - Berlin"
    assert names["49173"] == "Germany - Mobile Vodafone"
    assert names["870"] == "Inmarsat"
    assert not any(set(name) & set('\n\r\t";') for name in names.values())


def test_accounts_name_decks_that_exist() -> None:
    customers, vendors = accounts()["customers"], accounts()["vendors"]
    assert (len(customers), len(vendors)) == (6, 4)
    assert customers["atlas-voice"] == {
        "name": "Atlas Voice",
        "sell_deck": "gold",
        "currency": "USD",
    }
    assert vendors["meridian"]["buy_deck"] == "meridian"
    assert {decks()[c["sell_deck"]].side for c in customers.values()} == {"sell"}
    assert {decks()[v["buy_deck"]].side for v in vendors.values()} == {"buy"}
    assert {a["currency"] for a in [*customers.values(), *vendors.values()]} == {"USD"}


def test_decks_are_exact_text_in_the_usual_range() -> None:
    assert seed_decks(1) == list(decks().values())
    assert seed_decks(2) != seed_decks(1)
    names = dict(seed_codes())
    for deck in decks().values():
        assert [list(row) == COLUMNS for row in deck.rows] == [True] * len(deck.rows)
        assert all(row["destination"] == names[row["prefix"]] for row in deck.rows)
        rates = [Decimal(row["rate_per_min"]) for row in deck.rows]
        assert all(-6 <= int(rate.as_tuple().exponent) <= 0 for rate in rates)
        assert Decimal("0.0015") < min(rates) < max(rates) < Decimal("2.6")
        rows = {row["prefix"]: row for row in deck.rows}
        steps = {code: rows[code]["first_increment"] for code in ("52", "1212", "49")}
        retail = deck.name == "retail"
        assert list(steps.values()) == (["60"] * 3 if retail else ["60", "6", "1"])


def test_vendors_lack_codes_and_sell_decks_do_not() -> None:
    every = {prefix for prefix, _ in seed_codes()}
    vendors = list(accounts()["vendors"])
    assert all(0.9 < len(prefixes(v)) / len(every) < 1 for v in vendors)
    assert all(sum(covers(v, prefix) for v in vendors) >= 2 for prefix in every)
    assert all(prefixes(d) == every for d in ("gold", "silver", "retail"))


def test_only_a_few_destinations_are_sold_below_a_cost() -> None:
    def rate(row: dict[str, str]) -> Decimal:
        return Decimal(row["rate_per_min"])

    costs = {name: rate(row) for row in decks()["northlight"].rows if (name := row["destination"])}
    losses = {
        row["destination"]
        for row in decks()["gold"].rows
        if rate(row) < costs.get(row["destination"], Decimal(0))
    }
    assert len(losses) == 12
    for vendor in ("meridian", "pelagos", "sundial"):
        costs = {row["destination"]: rate(row) for row in decks()[vendor].rows}
        assert all(
            rate(row) > costs.get(row["destination"], Decimal(0)) for row in decks()["gold"].rows
        )


@pytest.mark.parametrize("dirt", [CLEAN, Dirt(), DIRTY])
def test_the_parts_add_up_to_what_was_sent(dirt: Dirt) -> None:
    batches = list(generate(3, 40_000, DAY, dirt=dirt))
    truth = total(batches)
    parts = truth.rated + truth.duplicate + truth.dead + truth.suspended
    assert parts == truth.sent == sum(batch.records.num_rows for batch in batches)
    assert truth.sent - truth.duplicate == 40_000
    assert {batch.records.num_rows for batch in batches[:30]} == {1_000}
    for part, share in (
        (truth.duplicate, dirt.duplicate),
        (truth.dead, dirt.malformed),
        (truth.unknown_customer, dirt.unknown_customer),
        (truth.unknown_destination, dirt.unknown_destination),
    ):
        assert abs(part - 40_000 * share) <= 5 * (40_000 * share) ** 0.5


@pytest.mark.parametrize("form", ["json", "csv", "arrow"])
def test_a_naive_reader_comes_to_the_same_account(form: str) -> None:
    messages: Iterator[bytes]
    if form == "arrow":
        messages = (to_arrow(batch) for batch in dirty_day())
    else:
        encode = to_json if form == "json" else to_csv
        messages = (message for batch in dirty_day() for message in encode(batch))
    assert judge(records(messages, form)) == total(dirty_day())


def test_every_kind_of_dirt_occurs_and_resent_calls_are_exact_copies() -> None:
    lines = [line for batch in dirty_day() for line in to_csv(batch)]
    fates = np.concatenate([batch.fate for batch in dirty_day()])
    assert set(fates.tolist()) == {int(fate) for fate in Fate}
    before: set[bytes] = set()
    for line, fate in zip(lines, fates, strict=True):
        if fate == Fate.DUPLICATE:
            assert line in before
        elif not Fate(fate).is_dead:
            assert line not in before
        before.add(line)


def test_suspended_calls_are_answered_calls() -> None:
    for batch in dirty_day():
        suspended = np.isin(batch.fate, (Fate.UNKNOWN_CUSTOMER, Fate.UNKNOWN_DESTINATION))
        rows = batch.records.take(pa.array(np.flatnonzero(suspended))).to_pylist()
        assert all(row["duration_ms"] > 0 and row["sip_code"] == 200 for row in rows)


def test_the_three_formats_carry_the_same_calls() -> None:
    batch = next(generate(5, 1_000, DAY, dirt=CLEAN))
    rows = batch.records.to_pylist()
    for name, read in (
        ("json", list(records(iter(to_json(batch)), "json"))),
        ("csv", list(records(iter(to_csv(batch)), "csv"))),
        ("arrow", list(records(iter([to_arrow(batch)]), "arrow"))),
    ):
        for row, record in zip(rows, read, strict=True):
            assert record is not None
            assert record.pop("leg", "") == ""
            assert answered_ms(record.pop("answered_at")) == answered_ms(row["answered_at"]), name
            assert {k: str(v) for k, v in record.items()} == {
                k: str(v) for k, v in row.items() if k != "answered_at"
            }


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = list(generate(7, 20_000, DAY_START_MS, dirt=DIRTY))
    assert [to_arrow(b) for b in again] == [to_arrow(b) for b in dirty_day()]
    other = next(generate(8, 1_000, DAY, run="x"))
    assert to_csv(other) != to_csv(dirty_day()[0])
    assert other.records.column("call_id")[0].as_py().startswith("x-")


def test_calls_look_like_calls() -> None:
    calls = clean_day()
    assert calls.schema.equals(SCHEMA)
    assert len(set(calls["call_id"].to_pylist())) == calls.num_rows == 60_000
    at_ms = calls["answered_at"].cast(pa.int64()).to_numpy()
    assert DAY_START_MS <= at_ms.min() <= at_ms.max() < DAY_START_MS + DAY_MS
    assert (np.diff(at_ms) >= 0).all()
    duration_ms = calls["duration_ms"].to_numpy()
    answered = calls["sip_code"].to_numpy() == 200
    assert ((duration_ms > 0) == answered).all()
    assert 0.50 < answered.mean() < 0.60
    assert 100_000 < duration_ms[answered].mean() < 240_000
    assert 0.08 < (duration_ms[answered] < 6_000).mean() < 0.20
    assert set(calls["vendor"].to_pylist()) == set(accounts()["vendors"])
    assert len(set(calls["switch"].to_pylist())) == 3
    for column in ("calling", "called"):
        numbers = calls[column].to_pylist()
        digits = [number.removeprefix("+") for number in numbers]
        assert all(d.isdecimal() and d.isascii() and 6 <= len(d) <= 15 for d in digits)
        assert 0.15 < sum(n.startswith("+") for n in numbers) / len(numbers) < 0.25


def test_each_customer_has_its_busy_hour() -> None:
    calls = clean_day()
    hours = calls["answered_at"].cast(pa.int64()).to_numpy() // 3_600_000 % 24
    customers = np.array(calls["customer"].to_pylist())
    busiest = set()
    for customer in accounts()["customers"]:
        shape = np.bincount(hours[customers == customer], minlength=24)
        spread = np.convolve(np.tile(shape, 2), np.ones(3), "valid")[:24]
        assert 2.2 < spread.max() / spread.min() < 4.2, customer
        busiest.add(int(spread.argmax()) // 4)
    assert len(busiest) >= 3


def test_cheap_vendors_get_more_and_answering_varies() -> None:
    calls = clean_day()
    vendors = Counter(calls["vendor"].to_pylist())
    assert vendors["meridian"] > 2 * vendors["sundial"]
    places: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for called, sip in zip(calls["called"].to_pylist(), calls["sip_code"].to_pylist(), strict=True):
        place = called.removeprefix("+")[:4]
        places[place] += 1
        answers[place] += sip == 200
    ratios = [answers[place] / n for place, n in places.items() if n > 200]
    assert max(ratios) - min(ratios) > 0.15
    biggest = [n for _, n in places.most_common(100)]
    assert sum(biggest) > 0.3 * calls.num_rows


def test_split_by_customer_keeps_order_and_account() -> None:
    batch = dirty_day()[3]
    parts = batch.by_customer()
    assert total([part for _, part in parts]) == batch.truth()
    lines = to_csv(batch)
    for name, part in parts:
        own = to_csv(part)
        assert own == [line for line in lines if line in set(own)] or name == ""
        assert set(part.records.column("customer").to_pylist()) == {name or None}


@pytest.mark.parametrize("calls", [0, 1, 3_000])
def test_live_calls_end_now(calls: int) -> None:
    now_ms = DAY_START_MS + 123
    batch = live_batch(np.random.default_rng(1), now_ms, calls, dirt=Dirt(0, 0, 0.1, 0.1))
    again = live_batch(np.random.default_rng(1), now_ms, calls, dirt=Dirt(0, 0, 0.1, 0.1))
    assert to_csv(batch) == to_csv(again)
    at_ms = batch.records.column("answered_at").cast(pa.int64()).to_numpy()
    ended_ms = at_ms + batch.records.column("duration_ms").to_numpy()
    assert ((now_ms - 1_000 < ended_ms) & (ended_ms <= now_ms)).all()
    assert batch.truth().sent == calls
    later = live_batch(np.random.default_rng(1), now_ms + 1, 10, dirt=CLEAN)
    ids = [
        *batch.records.column("call_id").to_pylist(),
        *later.records.column("call_id").to_pylist(),
    ]
    assert len(set(ids)) == calls + 10


def test_shares_of_dirt_are_checked() -> None:
    with pytest.raises(ValueError, match="shares of dirt"):
        Dirt(duplicate=0.9, malformed=0.2)
    with pytest.raises(ValueError, match="shares of dirt"):
        Dirt(duplicate=-0.1)


@pytest.mark.bench
def test_bench_generate() -> None:
    next(generate(1, 1_000, DAY))
    begin = time.process_time()
    calls = sum(batch.records.num_rows for batch in generate(7, 2_000_000, DAY))
    print(f"generate: {calls / (time.process_time() - begin):,.0f} calls/s of processor time")
