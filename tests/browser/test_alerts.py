"""From the NOC's line to an alert, and an operator's answer to it, as it reaches the watch."""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page, expect

from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Role
from deploy.runtime.settings import Settings
from streams import topics
from tests.dashboards import people
from tests.dashboards.fraud import store_alert, store_fraud_action
from tests.dashboards.traffic import Call, store_calls

pytestmark = pytest.mark.browser
ALERT = "00000000000000aa"
OPERATOR = {"name": "olga", "roles": [Role.NOC_OPERATOR]}


async def _answers(settings: Settings) -> list[dict[str, Any]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker)
    await consumer.start()
    every = [TopicPartition(topics.FRAUD_ACTIONS, p) for p in range(settings.partitions)]
    ends = await consumer.end_offsets(every)
    consumer.assign(every)
    await consumer.seek_to_beginning(*every)
    found: list[dict[str, Any]] = []
    while len(found) < sum(ends.values()):
        for batch in (await consumer.getmany(timeout_ms=100)).values():
            found += [json.loads(message.value) for message in batch]
    await consumer.stop()
    return found


def test_an_operator_answers_an_alert(
    open_page: Callable[..., Page], client: Client, console_settings: Settings
) -> None:
    now_ms = int(time.time() * 1_000)
    store_calls(client, [Call(1, now_ms)])
    store_alert(client, ALERT, "critical", 500 * 10**9, now_ms)
    page = open_page("/noc", **OPERATOR)
    page.get_by_role("link", name=ALERT).click()
    expect(page.get_by_text("told once")).to_be_visible()

    button = page.get_by_role("button", name="Fraud: block destination")
    button.click()
    expect(page.locator("#sent")).to_be_empty()  # a reason is needed first
    page.get_by_label("Reason").fill("a hacked PBX")
    button.click()
    expect(page.locator("#sent")).to_contain_text("Sent to the watch")

    with ThreadPoolExecutor(1) as beside:  # this thread runs the browser's loop
        (answer,) = beside.submit(asyncio.run, _answers(console_settings)).result()
    wanted = ("confirm", ALERT, "olga", "block_destination", "a hacked PBX")
    assert tuple(answer[name] for name in ("kind", "alert", "by", "value", "note")) == wanted
    (row,) = people.opened(console_settings).audit.rows(Wanted(what="alert"))
    assert row.event[1:] == (
        *("olga", "alert.confirm", ALERT),
        *("nothing", "block_destination", "a hacked PBX"),
    )

    store_fraud_action(client, ALERT, "block_destination", now_ms + 1_000)
    page.clock.run_for(3_000)
    expect(page.get_by_role("cell", name="block destination")).to_be_visible()
    page.goto(page.url.rsplit("/", 1)[0])
    expect(page.locator("tr.answered")).to_have_count(1)


def test_a_viewer_sees_and_cannot_answer(open_page: Callable[..., Page], client: Client) -> None:
    store_alert(client, ALERT, "warning", 10**9, int(time.time() * 1_000))
    page = open_page(f"/alerts/{ALERT}")
    expect(page.get_by_text("needs the role noc.operator")).to_be_visible()
    expect(page.get_by_role("button", name="Fraud")).to_have_count(0)
