"""Changes of invoiced calls are booked as adjustments of the day they are made on."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from billing.errors import TollwireError
from billing.parties import Account
from clickhouse import invoiced, reference
from deploy.invoiced import invoice, list_adjustments, list_invoiced
from deploy.runtime.settings import Settings
from rerate.life import Refused
from rerate.scope import ScopeRefused
from tests.rerate.stored import DAY_MS, FROM_MS, Stored, call, whole
from tests.rerate.test_run import CHEAP, COST, DEAR, approved, priced

THIRD_DAY_MS = FROM_MS + 2 * DAY_MS
FOREVER_MS = FROM_MS + 10_000 * DAY_MS
ACME = ("customer", "acme")


def booked(stored: Stored) -> dict[tuple[str, str, int], tuple[int, int]]:
    """(role, account, run) -> calls and nanos, a roll-back's with the opposite sign."""
    found = Counter[tuple[str, str, int]]()
    calls = Counter[tuple[str, str, int]]()
    for line in invoiced.adjustments(stored.client, FROM_MS, FOREVER_MS):
        assert (line.day, line.month) == (f"{datetime.now(UTC):%Y-%m-%d}", "2025-11")
        key = (line.role, line.account, line.run)
        found[key] += line.nanos
        calls[key] += line.calls
    return {key: (calls[key], nanos) for key, nanos in found.items()}


def test_a_change_of_invoiced_calls_is_an_adjustment(stored: Stored) -> None:
    priced(stored, 16)
    # Two days are invoiced to acme, whose calls are the even ones: those of the first and third.
    invoiced.save(stored.client, {ACME: THIRD_DAY_MS}, "ann")
    number = approved(stored)
    record = stored.desk.go_on(number).record
    delta = CHEAP - DEAR
    lines = stored.desk.figures(record).lines("booked")
    assert {key: (line.legs, line.changed, line.delta_nanos) for key, line in lines.items()} == {
        ("sell", "USD", "adjustment"): (4, 4, 4 * delta),
        ("sell", "USD", "correction"): (12, 12, 12 * delta),
        ("buy", "USD", "correction"): (16, 0, 0),
    }
    assert booked(stored) == {}
    stored.desk.apply(number, "ann")
    assert booked(stored) == {("customer", "acme", number): (4, 4 * delta)}
    assert stored.total("sell") == 16 * CHEAP
    stored.desk.roll_back(number, "ann")
    assert booked(stored) == {("customer", "acme", number): (8, 0)}
    amounts = [line.nanos for line in invoiced.adjustments(stored.client, FROM_MS, FOREVER_MS)]
    assert amounts == [4 * delta, -4 * delta]


def test_a_second_run_books_what_it_changes_in_turn(stored: Stored) -> None:
    priced(stored, 8)
    invoiced.save(stored.client, {ACME: THIRD_DAY_MS, ("vendor", "vend"): FOREVER_MS}, "ann")
    first = approved(stored)
    stored.desk.apply(first, "ann")
    stored.deck("gold", "sell", {"49": CHEAP + 1_000})
    stored.deck("buy", "buy", {"49": COST + 5_000})
    second = approved(stored)
    stored.desk.apply(second, "ann")
    assert booked(stored) == {
        ("customer", "acme", first): (2, 2 * (CHEAP - DEAR)),
        ("customer", "acme", second): (2, 2 * 1_000),
        ("vendor", "vend", second): (8, 8 * 5_000),
    }


def test_a_restatement_books_nothing(stored: Stored) -> None:
    priced(stored)
    invoiced.save(stored.client, {ACME: FOREVER_MS}, "ann")
    number = approved(stored, restate=True)
    stored.desk.apply(number, "ann")
    assert stored.total("sell") == 8 * CHEAP
    assert booked(stored) == {}
    with pytest.raises(ScopeRefused, match="scope: restate: 'yes': true or false"):
        whole(restate="yes")


def test_an_account_in_another_currency_is_adjusted_in_both(stored: Stored) -> None:
    reference.save_accounts(stored.client, [Account("euro", "customer", "", "gold", "USD")], 1)
    stored.deck("gold", "sell", {"49": DEAR})
    stored.deck("buy", "buy", {"49": COST})
    stored.calls(call(0, customer="euro"))
    invoiced.save(stored.client, {("customer", "euro"): FOREVER_MS}, "ann")
    stored.deck("coin", "sell", {"33": 1})
    number = stored.desk.make(whole(), "ann", {("sell", "gold"): "coin"}).number
    record = stored.desk.preview(number, "ann").record
    stored.desk.submit(number, "ann", suspending=True)
    stored.desk.approve(number, "bob", record.run.delta)
    stored.desk.apply(number, "ann")
    lines = invoiced.adjustments(stored.client, FROM_MS, FOREVER_MS)
    assert sum(line.nanos for line in lines if line.currency == "USD") == -DEAR


def test_a_preview_expires_when_a_period_is_invoiced(stored: Stored) -> None:
    priced(stored)
    number = stored.desk.make(whole(), "ann").number
    record = stored.desk.preview(number, "ann").record
    stored.desk.submit(number, "ann")
    invoiced.save(stored.client, {ACME: THIRD_DAY_MS}, "ann")
    with pytest.raises(Refused, match="expired"):
        stored.desk.approve(number, "bob", record.run.delta)


def test_as_finance_says_it(
    stored: Stored, migrated: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    priced(stored)
    until, earlier = "2025-11-10T00:00:00.000Z", "2025-11-09T00:00:00Z"
    invoice(migrated, ["acme"], ["vend"], until, "ann", reopen=False)
    for names, at, why in (
        (["nobody"], until, "there is no customer 'nobody'"),
        (["acme"], "2099-01-01T00:00:00Z", "lies in the future"),
        (["acme"], "soon", "--until 'soon'"),
        (["acme"], earlier, "acme has been invoiced until 2025-11-10T00:00:00"),
        ([], until, "give --customer or --vendor"),
    ):
        with pytest.raises(TollwireError, match=why):
            invoice(migrated, names, [], at, "ann", reopen=False)
    invoice(migrated, ["acme"], [], earlier, "ann", reopen=True)
    list_invoiced(migrated)
    assert capsys.readouterr().out.splitlines() == [
        "role,account,until",
        "customer,acme,2025-11-09T00:00:00.000Z",
        f"vendor,vend,{until}",
    ]
    number = approved(stored)
    stored.desk.apply(number, "ann")
    list_adjustments(migrated, "2025-11-08T00:00:00Z", "")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert capsys.readouterr().out.splitlines() == [
        "day,run,role,account,month,currency,calls,amount",
        f"{today},{number},customer,acme,2025-11,USD,2,-0.06",
    ]
    list_adjustments(migrated, "2025-11-08T00:00:00Z", "2025-11-09T00:00:00Z")
    assert len(capsys.readouterr().out.splitlines()) == 1
