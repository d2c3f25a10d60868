"""Readings in, the page's snapshot out. Pure."""

from collections.abc import Sequence
from dataclasses import asdict

from clickhouse.queries import Reason
from dashboards import alerts, conserve, kpi, last_week, ledger, movers, signals, verdict
from dashboards.readings import SLOW_WINDOW_MS, Readings
from dashboards.schemas import (
    Conservation,
    DeadRow,
    Outage,
    ReasonRow,
    Snapshot,
    State,
    Stream,
    Tiles,
)
from dashboards.verdict import Facts


def snapshot(
    held: Readings, stream: Stream, error: Outage | None, shown: str | None, now_ms: int
) -> Snapshot:
    """All figures of the page; `shown` is the currency it showed before."""
    totals = ledger.per_currency(held.earnings)
    currency = ledger.main_currency(totals, shown)
    top, losing, losing_count = ledger.split_destinations(held.destinations, currency)
    facts = Facts(
        now_ms=now_ms,
        as_of_ms=held.as_of_ms,
        state=_state(held, error),
        error=error,
        newest_call_ms=held.newest_call_ms,
        stream=stream,
        conservation=_line(held),
        tiles=_tiles(held, currency, now_ms),
        losing_count=losing_count,
        fraud_count=alerts.critical(held.alerts, held.triages, now_ms),
    )
    return Snapshot(
        state=facts.state,
        now_ms=now_ms,
        as_of_ms=held.as_of_ms,
        error=error,
        verdict=verdict.judge(facts),
        banner=verdict.banner(facts),
        window_s=kpi.WINDOW_MS // 1_000,
        slow_window_s=SLOW_WINDOW_MS // 1_000,
        newest_call_ms=held.newest_call_ms,
        calls_in_progress=held.calls_in_progress,
        currency=currency,
        currencies=ledger.currency_sums(totals),
        last_week_ms=held.week.start_ms if held.week else None,
        tiles=facts.tiles,
        traffic=kpi.traffic(held.intake, now_ms),
        earnings=kpi.earnings(held.earnings, currency, now_ms),
        destinations=top,
        losing=losing,
        losing_count=losing_count,
        movers=movers.rows(held.tried),
        movers_attempts_min=movers.ATTEMPTS_MIN,
        suspense=_reasons(held.suspense),
        dead=_reasons(held.dead),
        dead_last=[DeadRow(**asdict(each)) for each in held.dead_last],
        alerts=alerts.rows(held.alerts, held.triages, now_ms),
        alerts_count=len(held.alerts),
        stream=stream,
        conservation=facts.conservation,
    )


def _tiles(held: Readings, currency: str | None, now_ms: int) -> Tiles:
    quality = signals.quality(held.signals, now_ms)
    tiles = kpi.tiles(held.intake, held.earnings, currency, now_ms, quality)
    return last_week.compared(tiles, held.week, currency)


def _line(held: Readings) -> Conservation | None:
    as_of_ms = held.balances_as_of_ms
    if as_of_ms is None:
        return None
    return conserve.line(held.balances, held.settled, as_of_ms - SLOW_WINDOW_MS, as_of_ms)


def _state(held: Readings, error: Outage | None) -> State:
    if error:
        return "error"
    if held.as_of_ms is None:
        return "loading"
    return "live" if held.stored_rows or held.intake or held.dead else "empty"


def _reasons(found: Sequence[Reason]) -> list[ReasonRow]:
    return [
        ReasonRow(
            reason=each.reason,
            calls=each.calls,
            seconds=conserve.seconds(each.duration_ms),
            newest_ms=each.newest_ms,
        )
        for each in found
    ]
