"""From the NOC's line to an alert, and an operator's answer to it, as it reaches the watch."""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page, expect

from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Role
from deploy.runtime.settings import Settings
from streams import topics
from tests.dashboards import people
from tests.dashboards.fraud import store_alert, store_fraud_action
from tests.dashboards.traffic import Call, store_calls
from tests.kafka.client import values

pytestmark = pytest.mark.browser
expect.set_options(timeout=40_000)
ALERT = "00000000000000aa"
SAID = ("kind", "alert", "by", "value", "note")
OPERATOR = {"name": "olga", "roles": [Role.NOC_OPERATOR]}


async def _answers(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(value) for value in await values(settings.broker, topics.FRAUD_ACTIONS)]


def _sent(settings: Settings) -> list[dict[str, Any]]:
    """What the watch was told; from a thread, as this one runs the browser's loop."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, _answers(settings)).result()


def test_an_operator_takes_an_alert_blocks_and_undoes(
    open_page: Callable[..., Page], client: Client, console_settings: Settings
) -> None:
    store_calls(client, [Call(1, now_ms := int(time.time() * 1_000))])
    page = open_page("/noc", **OPERATOR)
    expect(page.locator("#alerts-card")).to_be_hidden()
    store_alert(client, ALERT, "critical", 500 * 10**9, now_ms)
    row = page.locator("#alerts-rows tr")
    expect(row.locator('[data-part="owner"]')).to_have_text("nobody")
    expect(page.locator("#verdict-watch")).to_contain_text("1 critical fraud alert unanswered")
    page.keyboard.press("ArrowDown")
    expect(row).to_be_focused()
    page.keyboard.press("a")
    expect(row.locator('[data-part="owner"]')).to_have_text("olga")
    expect(page.locator("#verdict-watch")).not_to_contain_text("unanswered")

    page.keyboard.press("b")
    expect(page.get_by_text("told once")).to_be_visible()
    expect(page.get_by_label("Reason")).to_be_focused()
    expect(page.locator("#owner")).to_have_text("olga")
    button = page.get_by_role("button", name="Fraud: block destination")
    button.click()
    expect(page.locator("#sent")).to_be_empty()  # a reason is needed first
    page.get_by_label("Reason").fill("a hacked PBX")
    button.click()
    expect(page.locator("#sent")).to_contain_text("Sent to the watch")
    (answer,) = _sent(console_settings)
    wanted = ("confirm", ALERT, "olga", "block_destination", "a hacked PBX")
    assert tuple(answer[name] for name in SAID) == wanted

    store_fraud_action(client, ALERT, "block_destination", now_ms + 1_000)
    page.clock.run_for(3_000)
    expect(page.get_by_role("cell", name="block destination")).to_be_visible()
    page.get_by_role("button", name="Undo: lift the block destination").click()
    expect(page.locator("#sent")).to_contain_text("Sent to the watch")
    undone = ("undo", ALERT, "olga", "", "undone in one click, no reason typed")
    assert tuple(_sent(console_settings)[-1][name] for name in SAID) == undone
    store_fraud_action(client, ALERT, "lifted", now_ms + 2_000)
    page.clock.run_for(3_000)
    expect(page.get_by_role("cell", name="lifted")).to_be_visible()
    expect(page.get_by_role("button", name="Harmless: lift its blocks")).to_be_visible()

    rows = people.opened(console_settings).audit.rows(Wanted(what="alert"))
    assert [row.event[1:] for row in rows] == [
        ("olga", "alert.undo", ALERT, "block_destination", "policy", undone[-1]),
        ("olga", "alert.confirm", ALERT, "nothing", "block_destination", "a hacked PBX"),
        ("olga", "alert.ack", ALERT, "open", "acked olga", ""),
    ]
    page.goto(page.url.rsplit("/", 1)[0])
    expect(page.locator("tr.answered")).to_have_count(1)


def test_an_alert_is_put_aside_closed_and_opened_again(
    open_page: Callable[..., Page], client: Client
) -> None:
    store_calls(client, [Call(1, int(time.time() * 1_000))])
    store_alert(client, ALERT, "warning", 10**9, int(time.time() * 1_000))
    page = open_page("/noc", **OPERATOR)
    expect(page.locator("#alerts-rows tr")).to_have_count(1)
    page.keyboard.press("s")
    note = page.get_by_label("Note")
    expect(note).to_be_focused()
    page.get_by_role("button", name="Put aside").click()
    assert note.evaluate("note => note.validity.valueMissing")  # a reason is needed
    note.fill("test traffic")
    page.get_by_label("Put aside for").select_option("4 h")
    page.get_by_role("button", name="Put aside").click()
    expect(page.locator("#owner")).to_contain_text("olga, aside until")
    page.get_by_label("Note").fill("the test is over")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#owner")).to_have_text("closed by olga")
    page.get_by_role("button", name="Open again").click()
    expect(page.locator("#owner")).to_have_text("nobody")


def test_a_viewer_sees_and_cannot_answer(open_page: Callable[..., Page], client: Client) -> None:
    store_alert(client, ALERT, "warning", 10**9, int(time.time() * 1_000))
    page = open_page(f"/alerts/{ALERT}")
    expect(page.get_by_text("needs the role noc.operator")).to_be_visible()
    expect(page.get_by_role("button", name="Fraud")).to_have_count(0)
