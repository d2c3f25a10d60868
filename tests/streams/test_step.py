"""The rater's step without any process: every record accounted for, whatever arrives."""

import json
from collections.abc import Iterable

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.deck import ALWAYS_MS, FOREVER_MS, RATES, DeckOptions, DeckVersion
from billing.fx import FX
from billing.mediation import Message
from billing.parties import Account, parties_of
from billing.tariff import Tariff, compile_tariff
from kernels.seen import Seen
from streams.step import Outcome, Place, Raw, learn, settle, take_in

AT_MS = 1_795_428_000_000
LOG = "log-1"


def tariff() -> Tariff:
    """Sell at 0.02 a minute, buy at 0.01, by the second, to Germany only."""
    rates = {"sell": 20_000_000, "buy": 10_000_000}
    versions = [
        DeckVersion(
            number,
            side,
            side,
            "full",
            ALWAYS_MS,
            0,
            DeckOptions(),
            pa.table(
                [
                    ["49"],
                    ["Germany"],
                    *([v] for v in (rate, rate, 0, 1, 1, ALWAYS_MS, FOREVER_MS)),
                    *([v] for v in ("any", "any", False)),
                ],
                schema=RATES,
            ),
        )
        for number, (side, rate) in enumerate(rates.items(), 1)
    ]
    accounts = [
        Account("acme", "customer", "Acme", "sell", "USD"),
        Account("vend", "vendor", "Vend", "buy", "USD"),
    ]
    return compile_tariff(versions, parties_of(accounts))


TARIFF = tariff()


def call(call_id: str, **other: object) -> dict[str, object]:
    """A minute to Germany."""
    return {
        "call_id": call_id,
        "customer": "acme",
        "vendor": "vend",
        "called": "4930123456",
        "answered_at": AT_MS,
        "duration_ms": 60_000,
    } | other


def raw(offset: int, record: object, received_ms: int = AT_MS + 61_000) -> Raw:
    """A JSON message at an offset."""
    payload = record if isinstance(record, bytes) else json.dumps(record).encode()
    return Raw(Message(payload), offset, received_ms)


def step(
    raws: list[Raw], seen: Seen | None = None, stored: dict[bytes, Place] | None = None
) -> Outcome:
    """One whole step of partition 0."""
    taken = take_in(LOG, 0, raws, seen or Seen(1_024, 0))
    return settle(taken, stored or {}, TARIFF)


def total(outcome: Outcome, part: str) -> int:
    """A sum over the receipts."""
    return int(sum(outcome.receipts.column(part).to_pylist()))


def parts(outcome: Outcome) -> dict[str, int]:
    """The receipts' sums."""
    return {p: total(outcome, p) for p in ("calls", "rated", "suspended", "dead", "duplicate")}


def test_a_call_is_priced_on_both_sides_and_says_by_what() -> None:
    rated = step([raw(7, call("a"))]).rated.to_pylist()[0]
    assert rated["sell_nanos"] == 20_000_000
    assert rated["buy_nanos"] == 10_000_000
    assert rated["margin_nanos"] == 10_000_000
    assert (rated["sell_prefix"], rated["sell_destination"]) == ("49", "Germany")
    assert (rated["sell_deck_version"], rated["buy_deck_version"]) == (1, 2)
    assert (rated["log"], rated["partition"], rated["offset"], rated["row"]) == (LOG, 0, 7, 0)


def test_a_charge_in_another_currency_names_the_rate_used() -> None:
    rates = [("USD", "EUR", 9, 10, AT_MS, 1)]
    fx = pa.Table.from_pylist([dict(zip(FX.names, row, strict=True)) for row in rates], FX)
    accounts = [
        Account("acme", "customer", "Acme", "sell", "EUR"),
        Account("vend", "vendor", "Vend", "buy", "USD"),
    ]
    made = compile_tariff(list(TARIFF.versions.values()), parties_of(accounts), fx)
    taken = take_in(
        LOG, 0, [raw(1, call("a")), raw(2, call("b", answered_at=AT_MS - 1))], Seen(1_024, 0)
    )
    rated, waits = settle(taken, {}, made).rated.to_pylist()
    assert (rated["sell_nanos"], rated["sell_currency"]) == (18_000_000, "EUR")
    assert (rated["sell_fx_num"], rated["sell_fx_den"]) == (9, 10)
    assert (rated["buy_nanos"], rated["buy_fx_num"], rated["buy_fx_den"]) == (10_000_000, 1, 1)
    assert rated["margin_nanos"] is None
    assert (waits["reason"], waits["sell_fx_num"], waits["sell_fx_den"]) == (
        "sell_fx_missing",
        1,
        1,
    )


def test_a_call_without_a_price_is_suspended_without_money() -> None:
    out = step([raw(1, call("a", called="33123456")), raw(2, call("b", customer="who"))])
    rows = out.rated.to_pylist()
    assert [r["reason"] for r in rows] == ["sell_rate_missing", "customer_unknown"]
    assert all(r["sell_nanos"] == r["buy_nanos"] == 0 for r in rows)
    assert [r["margin_nanos"] for r in rows] == [None, None]
    assert parts(out)["suspended"] == 2


def test_a_call_sent_again_counts_once() -> None:
    seen = Seen(1_024, 0)
    first = step([raw(1, call("a")), raw(2, call("a"))], seen)
    again = step([raw(3, call("a"))], seen)
    assert (parts(first)["rated"], parts(first)["duplicate"]) == (1, 1)
    assert (parts(again)["rated"], parts(again)["duplicate"]) == (0, 1)
    assert again.rated.num_rows == 0


def test_the_same_id_with_other_content_is_a_dead_letter() -> None:
    out = step([raw(1, call("a")), raw(2, call("a", duration_ms=61_000))])
    letter = out.dead.to_pylist()[0]
    assert (letter["reason"], letter["offset"], letter["duration_ms"]) == ("conflict", 2, 61_000)
    assert parts(out)["dead"] == 1


def test_a_dead_letter_shows_what_was_sent_as_text() -> None:
    letters = step([raw(1, b'{"call_id": "x'), raw(2, b"\xff,a")]).dead.to_pylist()
    assert [(d["reason"], d["value"]) for d in letters] == [
        ("unreadable", '{"call_id": "x'),
        ("unreadable", "\ufffd,a"),
    ]
    assert [d["raw"] for d in letters] == [b'{"call_id": "x', b"\xff,a"]


def test_a_message_read_again_has_the_same_result() -> None:
    seen = Seen(1_024, 0)
    raws = [raw(1, call("a")), raw(2, call("a")), raw(3, b"{"), raw(4, call("b", called="1"))]
    assert step(raws, seen) == step(raws, seen)


def test_a_late_call_that_is_stored_already_is_a_duplicate() -> None:
    seen = Seen(1_024, AT_MS + 10_000_000)
    taken = take_in(LOG, 0, [raw(1, call("a"))], seen)
    assert taken.late.tolist() == [0]
    elsewhere = Place("older log", 0, 1, 0, int(taken.content[0]))
    changed = elsewhere._replace(content=1)
    here = Place(LOG, 0, 1, 0, int(taken.content[0]))
    cdr_id = taken.ids[0].as_py()
    for place, part in ((elsewhere, "duplicate"), (changed, "dead"), (here, "rated")):
        assert parts(settle(taken, {cdr_id: place}, TARIFF))[part] == 1


def test_copies_are_held_against_the_stored_call() -> None:
    """Not against a late copy with other content that the memory took for the first."""
    seen = Seen(1_024, AT_MS + 10_000_000)
    stored = take_in(LOG, 0, [raw(1, call("a"))], Seen(1_024, 0))
    place = Place(LOG, 0, 1, 0, int(stored.content[0]))
    found = {stored.ids[0].as_py(): place}
    copies = [raw(7, call("a", duration_ms=61_000)), raw(8, call("a"))]
    taken = take_in(LOG, 0, copies, seen)
    out = settle(taken, found, TARIFF)
    assert (parts(out)["dead"], parts(out)["duplicate"]) == (1, 1)
    learn(taken, found, seen)
    later = step(
        [raw(9, call("a")), raw(10, call("a", duration_ms=61_000)), raw(1, call("a"))], seen
    )
    assert (parts(later)["duplicate"], parts(later)["dead"], parts(later)["rated"]) == (1, 1, 1)


def test_a_call_within_the_memory_is_not_late() -> None:
    taken = take_in(LOG, 0, [raw(1, call("a"))], Seen(1_024, AT_MS - 1))
    assert taken.late.tolist() == []


record = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda i, seconds, called, customer: json.dumps(
            call(str(i), duration_ms=seconds, called=called, customer=customer)
        ).encode(),
        st.integers(0, 8),
        st.integers(-1, 3),
        st.sampled_from(["4930", "49", "33", "+4930", "x", ""]),
        st.sampled_from(["acme", "other", ""]),
    ),
)


def outcomes(records: Iterable[bytes], cut: int) -> tuple[dict[str, int], list[object]]:
    """Sums and rated rows of the records taken in steps of `cut` messages."""
    seen, sums, rows = Seen(1_024, 0), dict.fromkeys(("calls",), 0), []
    raws = [raw(i, r) for i, r in enumerate(records)]
    for at in range(0, len(raws), cut):
        out = step(raws[at : at + cut], seen)
        for name, n in parts(out).items():
            sums[name] = sums.get(name, 0) + n
        rows += [out.rated.to_pylist(), out.dead.to_pylist()]
    return sums, [row for part in rows for row in part if isinstance(row, dict)]


@settings(max_examples=150, deadline=None)
@given(st.lists(record, min_size=1, max_size=25), st.integers(1, 25))
def test_every_record_is_accounted_for_however_batches_are_cut(
    records: list[bytes], cut: int
) -> None:
    sums, rows = outcomes(records, cut)
    whole, whole_rows = outcomes(records, len(records))
    assert sums == whole
    assert sums["calls"] == (sums["rated"] + sums["suspended"] + sums["dead"] + sums["duplicate"])
    key = lambda row: (row["offset"], row["row"], "raw" in row)  # noqa: E731
    assert sorted(rows, key=key) == sorted(whole_rows, key=key)
