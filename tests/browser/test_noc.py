"""The NOC page in a real Chromium, over a real ClickHouse and a console process."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page, expect

from clickhouse import credit
from tests.browser.conftest import Guard
from tests.dashboards.console_process import ConsoleProcess
from tests.dashboards.fraud import store_alert, store_fraud_action
from tests.dashboards.traffic import (
    Call,
    Dead,
    store_calls,
    store_dead,
    store_duplicates,
    store_rates,
)

pytestmark = pytest.mark.browser
expect.set_options(timeout=40_000)
OpenPage = Callable[..., Page]
HOSTILE = '<img src=x onerror="document.title=1">'


def now_ms() -> int:
    """Wall time."""
    return time.time_ns() // 1_000_000


def calls(first: int, count: int, **about: object) -> list[Call]:
    """Calls of the last ten seconds."""
    at_ms = now_ms()
    return [
        Call(first + n, at_ms - n * 9_000 // count, **about)  # type: ignore[arg-type]
        for n in range(count)
    ]


def value(page: Page, tile: str) -> str:
    """What a tile shows."""
    return page.locator(f"#tile-{tile} .value").inner_text()


def test_numbers_move_without_a_reload(client: Client, open_page: OpenPage) -> None:
    store_rates(client, ["Spain - Mobile", "Latvia - Premium"])
    store_calls(client, calls(0, 40))
    page = open_page()
    cell = page.locator('#line-calls [data-part="received"]')
    expect(cell).to_have_text("40")
    expect(page.locator("#flow-text")).to_have_text("exact")
    expect(page.locator("#destinations-top")).to_contain_text("Spain - Mobile")
    page.evaluate("globalThis.notReloaded = true")
    serial = int(page.locator("body").get_attribute("data-serial") or 0)

    more = calls(100, 60, rate_row=1, duration_ms=90_000)
    store_calls(client, more)
    store_calls(client, calls(300, 3, reason="no_rate"))
    store_duplicates(client, more[:2], 500)
    expect(cell).to_have_text("105")
    expect(page.locator('#line-calls [data-part="duplicate"]')).to_have_text("2")
    expect(page.locator("#flow-text")).to_have_text("exact")
    expect(page.locator("#suspense")).to_contain_text("no rate")
    expect(page.locator("#destinations-top")).to_contain_text("Latvia - Premium")
    expect(page.locator("#tile-acd .value")).to_have_text("1:18")
    expect(page.locator("#tile-margin .value")).to_have_text("25.0")
    expect(page.locator("#tile-asr [data-part=note]")).to_have_text("feed has answered calls only")
    assert float(value(page, "cps")) > 0
    assert page.evaluate("globalThis.notReloaded") is True
    assert int(page.locator("body").get_attribute("data-serial") or 0) > serial


def test_the_first_call_ends_the_empty_state(client: Client, open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("body")).to_have_attribute("data-state", "empty")
    expect(page.locator("#empty")).to_contain_text("make demo")
    expect(page.locator("#verdict-text")).to_have_text("No calls yet")
    expect(page.locator("#chart-money")).to_be_hidden()
    store_calls(client, calls(0, 5))
    expect(page.locator("body")).to_have_attribute("data-state", "live")
    expect(page.locator("#empty")).to_be_hidden()
    expect(page.locator("#chart-money canvas")).to_be_visible()
    for figure, said in (
        ("backlog", "0 calls"),
        ("oldest-unrated", "none"),
        ("rater-rate", "unknown"),
    ):
        expect(page.locator(f"#{figure}")).to_have_text(said)


def test_the_clock_shows_utc_or_the_time_of_the_browser(
    client: Client, open_page: OpenPage
) -> None:
    store_calls(client, calls(0, 5))
    own = {"account": "acme", "log": "log", "partition": 0, "limited": 0, "level": 0, "blocks": 0}
    money = ("limit", "paid", "spent", "reserved", "free", "overrun")
    state = {**own, **{f"{name}_nanos": 0 for name in money}, "calls": 1_234, "at": now_ms()}
    credit.save_states(client, [state, {**state, "account": "bolt", "calls": 2}])
    page = open_page(timezone="Asia/Kolkata")
    expect(page.locator("#in-progress")).to_contain_text("1,236 in progress")
    expect(page.locator("#chart-money canvas")).to_be_visible()
    expect(page.locator("#clock-date")).to_contain_text("UTC 20")
    was = page.locator("#clock").inner_text()
    page.locator("#zone").click()
    expect(page.locator("#clock-date")).to_contain_text("UTC+5:30 20")
    expect(page.locator(".zone").first).to_have_text("UTC+5:30")
    now = page.locator("#clock").inner_text()
    minutes = [int(text[:2]) * 60 + int(text[3:5]) for text in (was, now)]
    assert (minutes[1] - minutes[0]) % 1440 in range(330, 333)
    page.reload()
    expect(page.locator("#clock-date")).to_contain_text("UTC+5:30 20")
    page.keyboard.press("u")
    expect(page.locator("#clock-date")).to_contain_text("UTC 20")


def test_a_loss_is_said_by_word_and_icon_not_by_colour_alone(
    client: Client, open_page: OpenPage
) -> None:
    store_rates(client, ["Bad Route", "Good Route"])
    store_calls(client, calls(0, 3, sell_nanos=10**9, buy_nanos=3 * 10**9))
    store_calls(client, calls(10, 20, rate_row=1, sell_nanos=10**9, buy_nanos=10**8))
    page = open_page()
    row = page.locator("#destinations tr", has_text="Bad Route")
    expect(row.locator(".loss-mark")).to_be_visible()
    expect(row.locator(".loss-mark")).to_contain_text("loss")
    expect(row.locator(".loss-mark svg")).to_be_visible()
    expect(row.locator('[data-part="margin"]')).to_have_text("−6.00")
    good = page.locator("#destinations tr", has_text="Good Route")
    expect(good.locator(".loss-mark")).to_be_hidden()
    expect(page.locator("#verdict-watch")).to_contain_text("1 destination loses money")


def test_what_a_switch_sent_is_shown_as_text(client: Client, open_page: OpenPage) -> None:
    store_dead(client, [Dead(1, now_ms(), "bad_field", "called", HOSTILE, HOSTILE)])
    store_rates(client, [HOSTILE])
    store_calls(client, calls(5, 2))
    page = open_page()
    expect(page.locator("#dead-last")).to_contain_text(HOSTILE)
    expect(page.locator("#destinations-top")).to_contain_text(HOSTILE)
    assert page.locator("#dead-last img, #destinations img").count() == 0
    assert page.title() == "NOC · Tollwire"


def test_pause_holds_the_figures_and_resume_catches_up(client: Client, open_page: OpenPage) -> None:
    store_calls(client, calls(0, 10))
    page = open_page()
    cell = page.locator('#line-calls [data-part="received"]')
    expect(cell).to_have_text("10")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#banner")).to_contain_text("Paused")
    store_calls(client, calls(50, 5))
    page.wait_for_function(
        "fetch('/v1/conservation').then(a => a.json()).then(a => a.calls.received === '15')"
    )
    expect(cell).to_have_text("10")
    page.keyboard.press("p")
    expect(cell).to_have_text("15")
    expect(page.locator("#banner")).to_be_hidden()


def test_the_guard_notices_what_it_is_there_for(guard: Guard, open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate("new Image().src = 'http://localhost:9/outside.png'")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(0)
    blocked = " ".join(guard.errors)
    assert "img-src" in blocked
    assert "style-src" in blocked
    guard.errors.clear()
    guard.outside.clear()


def test_fraud_alerts_are_shown_the_unanswered_and_dear_ones_first(
    client: Client, open_page: OpenPage
) -> None:
    store_calls(client, calls(0, 10))
    page = open_page()
    expect(page.locator("#alerts-card")).to_be_hidden()
    for name, severity, at_risk in (
        ("a1", "warning", 9),
        ("a2", "critical", 5),
        ("a3", "critical", 7),
    ):
        store_alert(client, name, severity, at_risk * 10**9, now_ms())
    rows = page.locator("#alerts-rows tr")
    expect(rows.locator("td:last-child")).to_have_text(["a3", "a2", "a1"])
    expect(rows.nth(0)).to_contain_text("7.00 USD")
    expect(page.locator("#verdict-watch")).to_contain_text("2 critical fraud alerts unanswered")
    store_fraud_action(client, "a3", "block_account", now_ms())
    expect(rows.locator("td:last-child")).to_have_text(["a2", "a1", "a3"])
    expect(rows.nth(2)).to_contain_text("block account")
    expect(page.locator("#verdict-watch")).to_contain_text("1 critical fraud alert unanswered")


def test_the_theme_is_kept(open_page: OpenPage) -> None:
    page = open_page(theme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Dark or light").click()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_no_news_for_thirty_seconds_is_said(
    client: Client, console: ConsoleProcess, open_page: OpenPage
) -> None:
    store_calls(client, calls(0, 10))
    page = open_page()
    expect(page.locator("body")).to_have_attribute("data-state", "live")
    os.kill(console.process.pid, signal.SIGSTOP)
    try:
        page.clock.fast_forward(31_000)
        expect(page.locator("#banner")).to_contain_text("No news since")
        expect(page.locator("#verdict-text")).to_contain_text("Data stale since")
    finally:
        os.kill(console.process.pid, signal.SIGCONT)
    expect(page.locator("#banner")).to_be_hidden()


OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll(
    ".bar > *, .tile h2, .figure, .note, .spark, .chart, .card-head > *, .rows, .pipeline > *"
  )].filter((node) => node.checkVisibility() && node.getBoundingClientRect().width > 0);
  const found = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
    const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
    const apart = p.right <= q.left + 1 || q.right <= p.left + 1
      || p.bottom <= q.top + 1 || q.bottom <= p.top + 1;
    if (!apart && !a.contains(b) && !b.contains(a)) {
      found.push(`${a.className || a.id || a.tagName} / ${b.className || b.id || b.tagName}`);
    }
  }));
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push("the page scrolls sideways");
  return found;
}"""


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (2560, 1440)])
def test_nothing_overlaps(client: Client, open_page: OpenPage, size: tuple[int, int]) -> None:
    names = [f"Very Long Destination Name Of A Country - Mobile Operator {n}" for n in range(12)]
    store_rates(client, names)
    for row in range(12):
        money = {"sell_nanos": 10**15 + row, "buy_nanos": 10**15 + 10**14 * (row % 3 == 0)}
        store_calls(client, calls(row * 10, 2, rate_row=row, **money))
    store_dead(
        client, [Dead(900 + n, now_ms(), "bad_field", "duration", "9" * 60) for n in range(9)]
    )
    for n in range(9):
        store_alert(client, f"{n:016x}", "critical", 10**15 + n, now_ms())
    page = open_page(size=size)
    expect(page.locator("#alerts-rows tr")).to_have_count(6)
    expect(page.locator("#destinations-top tr")).to_have_count(8)
    expect(page.locator("#dead-last tr")).to_have_count(4)
    assert page.evaluate(OVERLAPS) == []
