"""Calls in, rated money out, on the real processes."""

import time

import pyarrow as pa
import pytest

from billing.deck import parse_options
from billing.errors import OptionsRefused
from billing.mediation.mediate import ARROW, CSV
from deploy import demo as demonstration
from deploy.accounts import load_accounts
from deploy.local import rater_metric, start
from deploy.reference import load_deck, load_fx
from tests.conftest import free_port
from tests.deploy.conftest import PRICE_LIST, Platform, until

LONG_AGO_MS = 1_704_067_200_000


def call(call_id: str, **other: object) -> dict[str, object]:
    """A minute to Germany that ended just now."""
    now_ms = int(time.time() * 1_000)
    return {
        "call_id": call_id,
        "customer": "acme",
        "vendor": "vend",
        "called": "4930123456",
        "answered_at": now_ms - 60_000,
        "duration_ms": 60_000,
        "sip_code": 200,
    } | other


@pytest.fixture(scope="module", autouse=True)
def decks(platform: Platform) -> tuple[int, int]:
    """gold sells Germany at 0.02, vend buys it at 0.01."""
    sell = platform.load("gold", "sell", "49,Germany,0.02,0,1,1\n", LONG_AGO_MS)
    buy = platform.load("vend", "buy", "49,Germany,0.01,0,1,1\n", LONG_AGO_MS)
    return sell, buy


def conserved(platform: Platform) -> bool:
    """received = rated + suspended + dead + duplicate, over the whole database, in calls and ms."""
    received = platform.rows("SELECT sum(calls), sum(calls_ms) FROM receipt FINAL")[0]
    duplicate = platform.rows("SELECT sum(duplicate), sum(duplicate_ms) FROM receipt FINAL")[0]
    calls = platform.rows("SELECT count(), sum(duration_ms) FROM charge FINAL WHERE leg = 'sell'")[
        0
    ]
    dead = platform.rows("SELECT count(), sum(duration_ms) FROM dead_letter FINAL")[0]
    parts = [sum(column) for column in zip(duplicate, calls, dead, strict=True)]
    return list(received) == parts


def test_json_csv_and_arrow_calls_are_priced_alike(
    platform: Platform, decks: tuple[int, int]
) -> None:
    now_ms = int(time.time() * 1_000)
    platform.send(call("json"))
    line = f"csv,,,{now_ms - 60_000},60000,,4930123456,acme,vend,200,".encode()
    platform.send(line, kind=CSV)
    batch = pa.RecordBatch.from_pylist([call("arrow-1"), call("arrow-2")])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    platform.send(sink.getvalue().to_pybytes(), kind=ARROW)
    for call_id in ("json", "csv", "arrow-1", "arrow-2"):
        assert platform.charges(call_id) == {
            "sell": ("", 20_000_000, decks[0]),
            "buy": ("", 10_000_000, decks[1]),
        }
    until("conservation", lambda: conserved(platform))


def test_bad_records_are_dead_letters_with_their_bytes_and_the_rest_goes_on(
    platform: Platform,
) -> None:
    bad = call("bad-1", duration_ms=-5)
    platform.send(bad, b"{not json", call("good-1"), call("bad-2", answered_at="noon"))
    platform.charges("good-1")
    query = "SELECT reason, field, value, raw FROM dead_letter FINAL WHERE field = 'duration_ms'"
    until("the dead letter", lambda: bool(platform.rows(query)))
    reason, field, value, raw = platform.rows(query)[0]
    assert (reason, field, value) == ("invalid", "duration_ms", "-5")
    assert "bad-1" in (raw if isinstance(raw, str) else raw.decode())
    until("conservation", lambda: conserved(platform))


def test_classes_and_another_currency(platform: Platform) -> None:
    rates = platform.folder / "fx.csv"
    rates.write_text("from,to,rate,valid_from\nEUR,USD,1.25,2024-01-01\n")
    accounts = platform.folder / "euro.toml"
    accounts.write_text('[customers.euro]\nsell_deck = "classed"\ncurrency = "EUR"\n')
    load_accounts(platform.settings, accounts)
    assert load_fx(platform.settings, rates) == (1, 1)
    assert load_fx(platform.settings, rates) == (1, 0), "known already"
    options = parse_options('[origin_classes]\nEEA = ["49", "33"]', "o.toml")
    deck = platform.folder / "classed.csv"
    deck.write_text(
        PRICE_LIST.strip() + ",origin_class\n49,Germany,0.5,0,1,1,EEA\n49,Germany,1,0,1,1,\n"
    )
    terms = ("classed", "sell", "full", LONG_AGO_MS)
    load_deck(platform.settings, deck, *terms, options, False)
    until("the deck at the rater", lambda: platform.decks() >= platform.versions())
    until("the rate", lambda: rater_metric(platform.settings, "tollwire_fx_rates") == 1)
    for call_id, calling in (("from-eea", "+33123"), ("from-elsewhere", "+1202")):
        platform.send(call(call_id, customer="euro", calling=calling), customer="euro")
    assert platform.charges("from-eea")["sell"][:2] == ("", 400_000_000)
    assert platform.charges("from-elsewhere")["sell"][:2] == ("", 800_000_000)
    used = platform.rows(
        "SELECT DISTINCT leg, currency, fx_num, fx_den FROM charge FINAL WHERE customer = 'euro'"
    )
    assert sorted(used) == [("buy", "USD", 1, 1), ("sell", "EUR", 4, 5)]
    with pytest.raises(OptionsRefused, match="in USD, this file in EUR: a deck keeps its currency"):
        load_deck(platform.settings, deck, *terms, options._replace(currency="EUR"), False)


def test_suspense_says_why(platform: Platform) -> None:
    platform.send(call("s-1", customer="stranger"), customer="stranger")
    platform.send(call("s-2", called="33123456"), call("s-3", vendor=""))
    reasons = [platform.charges(f"s-{i}")["sell"][0] for i in (1, 2, 3)]
    assert reasons == ["customer_unknown", "sell_rate_missing", "vendor_missing"]
    assert platform.charges("s-2") == {
        "sell": ("sell_rate_missing", 0, 0),
        "buy": ("sell_rate_missing", 0, 0),
    }
    suspended = platform.rows("SELECT count() FROM suspense WHERE reason = 'customer_unknown'")
    assert suspended == [(1,)]


def test_a_call_sent_again_is_billed_once_and_a_changed_one_is_refused(platform: Platform) -> None:
    first = call("again")
    platform.send(first)
    platform.charges("again")
    platform.send(first, first | {"duration_ms": 61_000})
    until(
        "the conflict",
        lambda: bool(platform.rows("SELECT 1 FROM dead_letter FINAL WHERE reason = 'conflict'")),
    )
    assert platform.charges("again")["sell"][1] == 20_000_000
    until("conservation", lambda: conserved(platform))


def test_a_deck_becomes_live_at_its_moment_and_not_a_call_is_mispriced(platform: Platform) -> None:
    switch_ms = int(time.time() * 1_000) - 30_000
    new = platform.load("gold", "sell", "49,Germany,0.04,0,1,1\n", switch_ms)
    ages = range(-5, 5)
    platform.send(*(call(f"sw{new}{n}", answered_at=switch_ms + n) for n in ages))
    for n in ages:
        expected = 40_000_000 if n >= 0 else 20_000_000
        assert platform.charges(f"sw{new}{n}")["sell"][1] == expected, n


def test_a_future_deck_switches_over_under_traffic(platform: Platform) -> None:
    platform.load("gold", "sell", "49,Germany,0.02,0,1,1\n", int(time.time() * 1_000) - 29_000)
    switch_ms = int(time.time() * 1_000) + 6_000
    end = switch_ms + 1_500
    loaded, n = False, 0
    while (now := int(time.time() * 1_000)) < end:
        platform.send(
            *(call(f"live{n + i}", answered_at=now, duration_ms=60_000) for i in range(5))
        )
        n += 5
        if not loaded:
            platform.load("gold", "sell", "49,Germany,0.08,0,1,1\n", switch_ms)
            loaded = True
    query = f"""
        SELECT answered_at >= fromUnixTimestamp64Milli({switch_ms}) AS after, nanos, count()
        FROM charge FINAL WHERE leg = 'sell' AND cdr_id IN
        (SELECT cdr_id FROM cdr WHERE startsWith(call_id, 'live')) GROUP BY ALL ORDER BY after
    """
    until("every call", lambda: sum(row[2] for row in platform.rows(query)) == n)
    assert [row[:2] for row in platform.rows(query)] == [(0, 20_000_000), (1, 80_000_000)]


def test_the_demo_accounts_for_every_record_it_sent(platform: Platform) -> None:
    result = demonstration.demo(
        platform.settings, 6_000, lambda _: None, lambda _what, _done, _of: None
    )
    assert result.holds()
    truth = result.truth
    assert truth.sent > 6_000, "duplicates are among it"
    assert (result.stored.rated, result.stored.suspended) == (truth.rated, truth.suspended)
    assert (result.dead_stored, result.received["duplicate"]) == (truth.dead, truth.duplicate)
    assert result.stored.rated_ms == truth.rated_ms
    until("conservation", lambda: conserved(platform))


def test_a_second_worker_joins_and_leaves_under_traffic(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, sent = platform.received(), 0

    def post() -> None:
        nonlocal sent
        calls = [call(f"join{sent + i}", customer="acme") for i in range(20)]
        others = [c | {"customer": f"stranger{i}"} for i, c in enumerate(calls)]
        platform.post(*calls)
        for other in others:
            platform.post(other | {"leg": "b"}, customer=str(other["customer"]))
        sent += len(calls)

    second = platform.settings.model_copy(update={"rater_metrics": f"127.0.0.1:{free_port()}"})
    monkeypatch.setenv("TOLLWIRE_RATER_METRICS", second.rater_metrics)
    worker = start("rater", platform.folder / "logs")

    def shared() -> bool:
        post()
        return (rater_metric(second, "tollwire_calls_total") or 0) > 0

    until("the second worker to take calls", shared)
    worker.terminate()
    worker.wait(20)
    post()
    until("the receipts", lambda: platform.received() >= before + 2 * sent)
    until("conservation", lambda: conserved(platform))
    stored = platform.rows(
        "SELECT count(), uniqExact(cdr_id) FROM charge FINAL WHERE leg = 'sell' AND cdr_id IN "
        "(SELECT cdr_id FROM cdr WHERE startsWith(call_id, 'join'))"
    )
    assert stored == [(2 * sent, 2 * sent)]


def test_a_killed_rater_loses_and_repeats_nothing(platform: Platform) -> None:
    first = call("before-kill")
    platform.send(first)
    before = platform.received()
    platform.processes["rater"].kill()
    platform.processes["rater"].wait()
    sent = [call(f"kill{i}") for i in range(200)]
    platform.post(first, *sent, *sent)
    platform.processes["rater"] = start("rater", platform.folder / "logs")
    until("the receipts", lambda: platform.received() >= before + 401)
    until("conservation", lambda: conserved(platform))
    count = platform.rows(
        "SELECT count(), sum(nanos > 0) FROM charge FINAL WHERE leg = 'sell' AND cdr_id IN "
        "(SELECT cdr_id FROM cdr WHERE startsWith(call_id, 'kill'))"
    )
    assert count == [(200, 200)]
    again = platform.rows("SELECT sum(duplicate) FROM receipt FINAL WHERE duplicate > 0")
    assert again[0][0] >= 201
