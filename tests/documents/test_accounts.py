"""Accounts as documents: revisions, files, the outbox; on both databases."""

import threading

import pytest

from billing.account_terms import AccountTerms
from billing.credit.limits import Caps, Limit
from billing.errors import OptionsRefused
from billing.parties import Account
from dashboards.documents.accounts import Accounts, Changed
from dashboards.identity.audit import Audit, Event, Wanted
from deploy.runtime.documents import alone, opened

T_MS = 1_780_000_000_000
ACME = AccountTerms(
    Account("acme", "customer", "Acme", "gold", "EUR"),
    Limit("customer", "acme", "EUR", 5, Caps(1, 2), "allow", {"fra": Caps(3, 4)}),
)
VEND = AccountTerms(Account("acme", "vendor", "Acme too", "a-z", "USD"))
SILVER = AccountTerms(ACME.account._replace(deck="silver"))


def event(at_ms: int = T_MS) -> Event:
    """Somebody's change."""
    return Event(at_ms, "ann", "account.change", "customer acme")


@pytest.fixture
def accounts(documents_url: str) -> Accounts:
    """No account yet."""
    return Accounts(documents_url)


def test_an_account_is_kept_whole_and_changed_by_who_has_read_it(accounts: Accounts) -> None:
    assert accounts.get("customer", "acme") is None
    made = accounts.write(ACME, 0, event())
    assert accounts.get("customer", "acme") == made
    assert (made.terms, made.revision, made.changed_ms) == (ACME, 1, T_MS)
    changed = accounts.write(SILVER, 1, event(T_MS - 5))
    assert changed.terms == AccountTerms(SILVER.account, ACME.limit)
    assert (changed.revision, changed.changed_ms) == (2, T_MS + 1)
    for revision in (0, 1, 3):
        with pytest.raises(Changed):
            accounts.write(ACME, revision, event())
    with pytest.raises(OptionsRefused, match="its limit is in EUR"):
        accounts.write(AccountTerms(ACME.account._replace(currency="USD")), 2, event())
    assert accounts.get("customer", "acme") == changed


def test_what_is_refused_tells_the_log_nothing(documents_url: str, accounts: Accounts) -> None:
    accounts.write(ACME, 0, event())
    with pytest.raises(Changed):
        accounts.write(SILVER, 7, event())
    dollars = AccountTerms(ACME.account._replace(currency="USD"))
    with pytest.raises(OptionsRefused):
        accounts.load([VEND, dollars], event())
    rows = Audit(opened(documents_url)).rows(Wanted())
    assert [row.event.what for row in rows] == ["account.change"]
    assert [each.terms for each in accounts.all()] == [ACME]


def test_a_file_changes_what_differs(documents_url: str, accounts: Accounts) -> None:
    file = event()._replace(what="accounts.load", object="a.toml")
    assert [each.terms for each in accounts.load([VEND, ACME], file)] == [VEND, ACME]
    assert [each.terms for each in accounts.all()] == [ACME, VEND]
    assert accounts.load([VEND, AccountTerms(ACME.account)], file) == []
    (changed,) = accounts.load([VEND, SILVER], file)
    assert changed.terms == AccountTerms(SILVER.account, ACME.limit)
    rows = Audit(opened(documents_url)).rows(Wanted(what="account.change"))
    told = [row.event for row in rows][::-1]
    assert [(each.object, each.reason) for each in told] == [
        ("vendor acme", "a.toml"),
        ("customer acme", "a.toml"),
        ("customer acme", "a.toml"),
    ]
    assert told[-1].before.startswith("'Acme', deck gold, EUR, limit 0.000000005, recovering=allow")
    assert "deck silver" in told[-1].after
    assert "trunk fra 3/4" in told[-1].after


def test_the_outbox_names_what_was_changed_until_it_is_handed_over(accounts: Accounts) -> None:
    assert accounts.due().numbers == []
    accounts.load([ACME, VEND], event())
    accounts.write(SILVER, 1, event())
    due = accounts.due()
    assert len(due.numbers) == 3
    assert [each.terms.account.deck for each in due.accounts] == ["silver", "a-z"]
    assert accounts.is_due("customer", "acme")
    accounts.write(VEND._replace(account=VEND.account._replace(deck="z-a")), 1, event())
    accounts.done(due)
    assert not accounts.is_due("customer", "acme")
    (left,) = accounts.due().accounts
    assert left.terms.account.deck == "z-a"


def test_accounts_of_before_are_taken_over_once_and_are_not_due(accounts: Accounts) -> None:
    accounts.adopt([ACME, VEND], T_MS)
    accounts.adopt([SILVER], T_MS)
    assert [each.terms for each in accounts.all()] == [ACME, VEND]
    assert accounts.due().numbers == []


def test_one_at_a_time_is_at_it(documents_url: str, accounts: Accounts) -> None:
    order: list[str] = []
    inside, go = threading.Event(), threading.Event()

    def first() -> None:
        with alone(documents_url, "outbox"):
            inside.set()
            go.wait()
            order.append("first")

    def second() -> None:
        with alone(documents_url, "outbox"):
            order.append("second")

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    one.start()
    inside.wait()
    two.start()
    accounts.write(ACME, 0, event())  # nobody who changes documents waits for it
    go.set()
    one.join()
    two.join()
    assert order == ["first", "second"]
