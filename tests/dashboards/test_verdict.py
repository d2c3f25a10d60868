"""The one line on top: worst first."""

from dataclasses import replace

from dashboards import conserve, kpi, verdict
from dashboards.conserve import CHECKS_MIN, Gap
from dashboards.schemas import Outage
from dashboards.verdict import STALE_AFTER_MS, Facts
from tests.dashboards.rows import NOW_MS, earning

FINE = Facts(
    now_ms=NOW_MS,
    as_of_ms=NOW_MS,
    state="live",
    error=None,
    newest_call_ms=NOW_MS - 1_000,
    lag_messages=0,
    conservation=conserve.line([], [], 0, 0),
    tiles=kpi.tiles([], [], None, NOW_MS),
    losing_count=0,
)
LOST = conserve.line([], [Gap(3, 0)] * CHECKS_MIN, 0, 0)
LOSS = kpi.tiles([], [earning(2_000, sell_nanos=10, buy_nanos=11)], "EUR", NOW_MS)
AWAY = Outage(title="ClickHouse away", detail="no answer")
OLD_MS = NOW_MS - STALE_AFTER_MS - 1


def test_ok_is_said_only_when_all_is_well() -> None:
    found = verdict.judge(FINE)
    assert (found.level, found.text, found.watch) == ("ok", "OK", [])


def test_things_to_watch_are_listed() -> None:
    found = verdict.judge(replace(FINE, losing_count=1, lag_messages=None))
    assert (found.level, found.watch) == (
        "watch",
        ["1 destination loses money", "rater metrics unknown"],
    )


def test_lost_calls_and_lost_money_are_critical() -> None:
    found = verdict.judge(replace(FINE, conservation=LOST, tiles=LOSS))
    assert (found.level, found.text) == ("critical", "2 critical")
    assert found.watch == [
        "conservation difference +3 calls, 0 s",
        "margin -10.0 % over the last 5 min",
    ]


def test_old_data_is_stale_unless_the_rater_has_nothing_to_do() -> None:
    stale = verdict.judge(replace(FINE, newest_call_ms=OLD_MS, lag_messages=7))
    assert (stale.level, stale.text, stale.since_ms) == ("stale", "Data stale", OLD_MS)
    idle = verdict.judge(replace(FINE, newest_call_ms=OLD_MS, lag_messages=0))
    assert (idle.level, idle.text, idle.since_ms) == ("watch", "No calls arrive", OLD_MS)
    assert verdict.judge(replace(FINE, newest_call_ms=None)).text == "No calls in the last 24 h"


def test_an_outage_comes_before_everything() -> None:
    found = verdict.judge(replace(FINE, error=AWAY, state="error", conservation=LOST))
    assert (found.level, found.text, found.since_ms) == ("critical", "ClickHouse away", NOW_MS)


def test_nothing_read_and_nothing_stored_are_no_alarm() -> None:
    assert verdict.judge(replace(FINE, state="loading", as_of_ms=None)).level == "unknown"
    assert verdict.judge(replace(FINE, state="empty")).text == "No calls yet"
