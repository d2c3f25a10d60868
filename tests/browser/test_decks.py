"""A rate sheet on its way, in a real Chromium: uploaded, compared, approved and published."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import FilePayload, Page, expect

from clickhouse import reference
from dashboards.identity.roles import Role
from tests.browser.conftest import Guard
from tests.dashboards.decks import store_decks

pytestmark = pytest.mark.browser
SHEET = b"Code,Destination,Rate,Increment\n44,UK,0.025,60/60\n33,France,0.02,1/1\n99x,Bad,1,1/1\n"


def test_a_sheet_is_uploaded_and_published_by_another_person(
    open_page: Callable[..., Page], client: Client, guard: Guard
) -> None:
    store_decks(client)
    page = open_page("/decks", name="ann", roles=[Role.FINANCE_ANALYST])
    expect(page.get_by_role("region", name="Decks").locator("tbody tr")).to_have_count(2)
    sheet = FilePayload(name="gold-december.csv", mimeType="text/csv", buffer=SHEET)
    page.get_by_label("Sheet", exact=True).set_input_files(sheet)
    page.get_by_label("Deck", exact=True).fill("gold")
    page.get_by_label("Side").select_option("sell")
    page.get_by_label("Valid from, UTC").fill("2030-01-01T00:00:00Z")
    page.get_by_role("button", name="Keep as a draft").click()

    expect(page).to_have_title("Draft 1 · Tollwire")
    changes = page.get_by_role("region", name="Codes").locator("tbody tr")
    expect(changes).to_have_count(2)
    expect(changes.filter(has_text="UK")).to_contain_text("0.02 1/1")
    expect(changes.filter(has_text="UK")).to_contain_text("0.025 60/60")
    expect(page.get_by_role("region", name="How it was read")).to_contain_text("99x")
    expect(page.get_by_text("needs the role finance.approver")).to_be_visible()

    other = open_page("/deck-drafts/1", name="bob", roles=[Role.FINANCE_APPROVER])
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_role("alert")).to_contain_text("give a reason for going on without them")
    assert len(guard.errors) == 1
    guard.errors.clear()  # Chromium tells of the refusal, too
    other.get_by_label("Reason").fill("the bad row is a typing error")
    other.get_by_role("button", name="Approve").click()
    other.get_by_role("button", name="Publish").click()
    expect(other.get_by_role("heading", level=2).first).to_contain_text("published as version")
    found = [row for row in reference.list_versions(client) if row.source == "gold-december.csv"]
    assert [(row.deck, row.side, row.rates) for row in found] == [("gold", "sell", 2)]
