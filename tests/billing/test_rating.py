"""Both sides of a batch: rated as a whole or suspended as a whole, for one reason."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from billing.cdr import Cdr, calls_from
from billing.parties import Account, parties_of
from billing.rating import REASONS, RatedCalls, rate
from billing.tariff import Tariff, compile_tariff
from kernels import BatchError, parse_numbers
from tests.billing.decks import CUSTOMER, VENDOR, buy, tariff, version
from tests.billing.records import ANSWERED_MS
from tests.kernels.naive import NANOS

SELL = version(1, "44,UK,0.6,0.01,1,1", "49,DE,0.6,0,1,1", options={"attempt_fee_nanos": 7})
BUY = buy(2, "44,UK,0.3,0,1,1", "4420,London,0.9,0,1,1", "33,FR,1,0,1,1")
GOOD = Cdr("1", "sw", "", "acme", "telco", "", "+44161", ANSWERED_MS, 60_000, 200, None)


def rated(made: Tariff, *cdrs: Cdr, **terms: Any) -> RatedCalls:
    calls = calls_from(list(cdrs))
    return rate(calls, *parse_numbers(calls.column("called")), made, **terms)


def reason_of(made: Tariff, cdr: Cdr, **terms: Any) -> str:
    return REASONS[rated(made, cdr, **terms).reason[0]]


def with_parties(*accounts: Account) -> Tariff:
    return compile_tariff([SELL, BUY], parties_of(list(accounts)))


MADE = tariff(SELL, BUY)


def test_a_call_is_charged_on_both_sides() -> None:
    found = rated(MADE, GOOD, GOOD._replace(called="4420123"))
    assert found.reason.tolist() == [0, 0]
    assert found.sell.nanos.tolist() == [610_000_000, 610_000_000]
    assert found.buy.nanos.tolist() == [300_000_000, 900_000_000]
    assert found.sell.billed_s.tolist() == found.buy.billed_s.tolist() == [60, 60]
    assert (found.sell.nanos - found.buy.nanos).tolist() == [310_000_000, -290_000_000]
    assert found.has_buy.tolist() == [True, True]
    assert found.sell_currency.to_pylist() == found.buy_currency.to_pylist() == ["USD", "USD"]
    row = np.concatenate([found.sell.rate_row, found.buy.rate_row])
    assert MADE.rows.of(row, row < 0)[2].to_pylist() == ["44", "44", "44", "4420"]


SUSPENDED: dict[str, dict[str, Any]] = {
    "customer_unknown": {"customer": "nobody"},
    "vendor_unknown": {"vendor": "nobody"},
    "vendor_missing": {"vendor": ""},
    "sell_rate_missing": {"called": "33123"},
    "buy_rate_missing": {"called": "49301"},
}


@pytest.mark.parametrize("reason", SUSPENDED)
def test_a_call_that_cannot_be_priced_whole_bears_no_money(reason: str) -> None:
    bad = GOOD._replace(**SUSPENDED[reason])
    found = rated(MADE, GOOD, bad, GOOD)
    assert [REASONS[r] for r in found.reason] == ["", reason, ""]
    for side in (found.sell, found.buy):
        assert (side.nanos[1], side.billed_s[1]) == (0, 0)
        assert side.nanos[0] == side.nanos[2] > 0


def test_accounts_and_decks_that_do_not_fit() -> None:
    gold = CUSTOMER._replace(deck="gold")
    dear = VENDOR._replace(deck="gold")
    euro, euros = CUSTOMER._replace(currency="EUR"), VENDOR._replace(currency="EUR")
    assert reason_of(with_parties(gold, VENDOR), GOOD) == "sell_deck_missing"
    assert reason_of(with_parties(CUSTOMER, dear), GOOD) == "buy_deck_missing"
    assert reason_of(with_parties(euro, VENDOR), GOOD) == "sell_fx_missing"
    assert reason_of(with_parties(CUSTOMER, euros), GOOD) == "buy_fx_missing"
    assert reason_of(with_parties(CUSTOMER._replace(role="vendor"), VENDOR), GOOD) == (
        "customer_unknown"
    )


def test_a_deck_of_the_other_side_is_no_deck() -> None:
    assert reason_of(with_parties(CUSTOMER._replace(deck="a-z"), VENDOR), GOOD) == (
        "sell_deck_missing"
    )


def test_of_several_reasons_the_first_of_the_list_is_given() -> None:
    none = parties_of([])
    nobody = compile_tariff([], none)
    assert reason_of(nobody, GOOD) == "customer_unknown"
    assert reason_of(MADE, GOOD._replace(customer="x", vendor="x")) == "customer_unknown"
    assert reason_of(MADE, GOOD._replace(vendor="x", called="33")) == "vendor_unknown"
    assert reason_of(MADE, GOOD._replace(called="7")) == "sell_rate_missing"
    both = with_parties(CUSTOMER._replace(deck="gold"), VENDOR._replace(deck="gold"))
    assert reason_of(both, GOOD) == "sell_deck_missing"
    mixed = with_parties(CUSTOMER._replace(currency="EUR"), VENDOR._replace(deck="gold"))
    assert reason_of(mixed, GOOD) == "buy_deck_missing"


def test_the_order_of_the_reasons_is_kept() -> None:
    assert (
        *("", "customer_unknown", "vendor_unknown", "vendor_missing", "sell_deck_missing"),
        *("buy_deck_missing", "sell_fx_missing", "buy_fx_missing"),
        *("sell_blocked", "buy_blocked"),
        *("sell_rate_missing", "buy_rate_missing", "charge_too_large", "withdrawn"),
    ) == REASONS


def test_an_attempt_without_a_vendor_has_no_buy_leg() -> None:
    attempt = GOOD._replace(vendor="", duration_ms=0, sip_code=503)
    found = rated(MADE, attempt, GOOD)
    assert found.reason.tolist() == [0, 0]
    assert found.has_buy.tolist() == [False, True]
    assert (found.sell.nanos[0], found.sell.billed_s[0]) == (7, 0)
    assert (found.buy.nanos[0], found.buy.rate_row[0]) == (0, -1)
    assert found.buy_currency[0].as_py() == ""


def test_an_attempt_that_reached_a_vendor_has_both_legs() -> None:
    found = rated(MADE, GOOD._replace(duration_ms=0))
    assert (found.sell.nanos[0], found.buy.nanos[0]) == (7, 0)
    assert found.has_buy.tolist() == [True]


def test_without_a_buy_side_nobody_asks_for_a_vendor() -> None:
    found = rated(MADE, GOOD._replace(vendor=""), legs="sell")
    assert found.reason.tolist() == [0]
    assert (found.sell.nanos[0], found.buy.nanos[0]) == (610_000_000, 0)


def test_a_number_shorter_than_every_code_is_suspended() -> None:
    assert reason_of(MADE, GOOD._replace(called="4")) == "sell_rate_missing"


def test_a_deck_that_begins_later_prices_nothing_yet() -> None:
    future = tariff(SELL._replace(rates=version(1, "44,UK,1,0,1,1,2027-01-01,").rates), BUY)
    assert reason_of(future, GOOD) == "sell_rate_missing"


def test_no_calls() -> None:
    found = rated(MADE)
    assert (len(found.reason), len(found.sell.nanos), len(found.sell_currency)) == (0, 0, 0)


def test_values_outside_the_limits_are_a_bug_and_stop() -> None:
    with pytest.raises(BatchError, match="duration_ms of row 1 is -5"):
        rated(MADE, GOOD, GOOD._replace(duration_ms=-5))


def test_a_large_mixed_batch_is_the_same_as_its_calls_alone() -> None:
    kinds = [GOOD._replace(**change) for change in ({}, *SUSPENDED.values(), {"duration_ms": 0})]
    cdrs = [k._replace(duration_ms=k.duration_ms + n) for n in range(20) for k in kinds]
    together = rated(MADE, *cdrs, threads=2)
    for i, cdr in enumerate(cdrs):
        alone = rated(MADE, cdr)
        assert alone.reason[0] == together.reason[i]
        assert alone.sell.nanos[0] == together.sell.nanos[i]
        assert alone.buy.nanos[0] == together.buy.nanos[i]


def test_the_dictionary_of_names_may_be_shared_by_slices() -> None:
    calls = pa.concat_batches([calls_from([GOOD] * 3), calls_from([GOOD._replace(customer="x")])])
    digits, count = parse_numbers(calls.column("called"))
    found = rate(calls.slice(2), digits[2:], count[2:], MADE)
    assert [REASONS[r] for r in found.reason] == ["", "customer_unknown"]
    assert found.sell.nanos.tolist() == [61 * NANOS // 100, 0]
    assert found.node.dtype == np.int32


def test_a_leg_that_nobody_asks_for_suspends_nothing_and_has_no_charge() -> None:
    strange = GOOD._replace(customer="nobody")
    found = rated(MADE, strange, legs="buy")
    assert found.reason.tolist() == [0]
    assert (found.sell.nanos.tolist(), found.buy.nanos.tolist()) == ([0], [300_000_000])
    found = rated(MADE, GOOD._replace(vendor="nobody"), legs="sell")
    assert found.reason.tolist() == [0]
    assert (found.sell.nanos.tolist(), found.buy.nanos.tolist()) == ([610_000_000], [0])
