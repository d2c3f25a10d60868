"""An account made, changed and paid by people, in a real Chromium; the workers are told."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import FilePayload, Page, expect

from clickhouse import credit, reference
from dashboards.identity.roles import Role
from deploy.runtime.settings import Settings
from tests.browser.conftest import Guard
from tests.dashboards.decks import store_decks
from tests.deploy.conftest import until

pytestmark = pytest.mark.browser
PATH = "/accounts/customer/zeta"
APPROVER = {"name": "bob", "roles": [Role.FINANCE_APPROVER]}


def told(page: Page, path: str) -> None:
    """Wait until the workers have been told of what was kept last."""
    ask = "async (path) => (await (await fetch(path)).json()).handed_over"
    until(f"{path} is handed over", lambda: bool(page.evaluate(ask, f"/v1{path}/terms")))


def test_an_account_is_made_and_changed(
    open_page: Callable[..., Page], client: Client, guard: Guard
) -> None:
    store_decks(client)
    page = open_page("/accounts", **APPROVER)
    new = page.get_by_role("region", name="New account")
    new.get_by_label("Account", exact=True).fill("zeta")
    new.get_by_label("Name", exact=True).fill("Zeta Mobile")
    new.get_by_label("Deck").fill("gold")
    new.get_by_label("Currency").fill("EUR")
    new.get_by_label("Trunks").fill("zeta-fra 20 2")
    new.get_by_role("button", name="Make the account").click()
    expect(new.get_by_role("alert")).to_contain_text("say also what the account may owe")
    new.get_by_label("May owe").fill("2500")
    new.get_by_label("Trunks").fill("zeta-fra twenty 2")
    new.get_by_role("button", name="Make the account").click()
    expect(new.get_by_role("alert")).to_contain_text("zeta-fra twenty 2: a name and two whole")
    new.get_by_label("Trunks").fill("zeta-fra 20 2")
    new.get_by_role("button", name="Make the account").click()

    expect(page).to_have_title("zeta · Tollwire")
    told(page, PATH)
    found = {(own.role, own.account): own for own in reference.load_accounts(client)}
    assert found["customer", "zeta"].deck == "gold"
    late = open_page(PATH, **APPROVER)
    expect(late.locator("#no-deck")).to_have_count(0)
    terms = page.get_by_role("region", name="Terms")
    terms.get_by_label("Deck").fill("silver")
    terms.get_by_label("Calls at once, 0 = any").fill("7")
    terms.get_by_label("Reason").fill("the new contract")
    terms.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("region", name="Terms")).to_contain_text("revision 2")
    expect(page.locator("#no-deck")).to_contain_text("No version of the deck silver is published")
    told(page, PATH)
    (limit,) = credit.load_limits(client)
    assert (limit.limit_nanos, limit.caps.max_calls) == (2500 * 10**9, 7)
    assert limit.trunks["zeta-fra"] == (20, 2)

    late.get_by_role("button", name="Keep").click()
    expect(late.get_by_role("alert").first).to_contain_text("Somebody else has changed this")
    assert len(guard.errors) == 1
    guard.errors.clear()  # Chromium tells of the refusal, too


def test_who_approves_nothing_sees_terms_and_no_form(
    open_page: Callable[..., Page], client: Client
) -> None:
    store_decks(client)
    page = open_page("/accounts/customer/acme", name="ann", roles=[Role.FINANCE_ANALYST])
    expect(page.get_by_role("region", name="Terms")).to_contain_text("gold")
    expect(page.get_by_role("button", name="Keep")).to_have_count(0)
    expect(page.get_by_role("button", name="Book")).to_have_count(0)


def test_money_is_booked_and_a_file_is_loaded(
    open_page: Callable[..., Page], client: Client, console_settings: Settings
) -> None:
    store_decks(client)
    page = open_page("/accounts/customer/acme", **APPROVER)
    form = page.get_by_role("region", name="Payment")
    form.get_by_label("Amount, EUR").fill("1500.00")
    form.get_by_label("Your id").fill("bank-77013")
    form.get_by_role("button", name="Book").click()
    expect(form.get_by_role("status")).to_contain_text("bank-77013 is on its way")

    page.goto(page.url.partition("/accounts")[0] + "/accounts")
    data = b"role,account,name,deck,currency\nvendor,omega,Omega,a-z,USD\n"
    table = FilePayload(name="more.csv", mimeType="text/csv", buffer=data)
    form = page.get_by_role("region", name="Accounts of a file")
    form.get_by_label("File").set_input_files(table)
    form.get_by_role("button", name="Load").click()
    expect(form.get_by_role("status")).to_contain_text("1 accounts read, 1 of them changed")
    told(page, "/accounts/vendor/omega")
    assert "omega" in {own.account for own in reference.load_accounts(client)}
