"""How long calls wait because a worker joins, leaves, dies or restarts, under steady traffic.

The pause is the longest time from a call's arrival in the broker to its charge in ClickHouse. Every
call sent must be stored, once.
"""

import time
from collections.abc import Callable
from pathlib import Path

from clickhouse import ledger
from clickhouse.client import connect
from tests.bench.rig import POLL_S, Rig, Traffic, rig

BEFORE_S = 4.0
AFTER_S = 6.0
DRAIN_S_MAX = 90.0


def _nothing(_: Rig) -> None:
    pass


def _join(made: Rig) -> None:
    made.rater()


def _leave(made: Rig) -> None:
    made.raters.pop().stop()


def _kill(made: Rig) -> None:
    made.raters[-1].process.kill()
    made.raters.pop().process.wait()


def _roll(made: Rig) -> None:
    for _ in list(made.raters):
        made.raters.pop(0).stop()
        made.rater()


EVENTS: tuple[tuple[str, Callable[[Rig], None]], ...] = (
    ("nothing", _nothing),
    ("one_joins", _join),
    ("one_leaves", _leave),
    ("one_joins_again", _join),
    ("rolling_restart", _roll),
    ("one_is_killed", _kill),
)


def pauses(folder: Path, calls_per_s: float) -> dict[str, float]:
    """Seconds of the worst call for each event, printed as they come. Raises on a lost call."""
    figures: dict[str, float] = {}
    with rig(folder) as made:
        made.rater()
        made.decks()
        client = connect(made.settings)
        for name, event in EVENTS:
            run = f"pause-{name}-"
            traffic = Traffic(made.settings, calls_per_s, run)
            traffic.start()
            time.sleep(BEFORE_S)
            event(made)
            time.sleep(AFTER_S)
            sent = traffic.stop()
            until = time.monotonic() + DRAIN_S_MAX
            while (stored := sum(ledger.outcomes(client, run)[:2])) != sent:
                if stored > sent or time.monotonic() > until:
                    raise RuntimeError(f"{name}: {sent} calls were sent, {stored} are stored")
                time.sleep(POLL_S)
            median_ms, p99_ms, worst_ms = ledger.latency_ms(client, run, (0.5, 0.99, 1.0))
            print(
                f"{name.replace('_', ' ')}: {sent:,} calls sent and stored; arrival to charge "
                f"median {median_ms:,.0f} ms, p99 {p99_ms:,.0f} ms, worst {worst_ms:,.0f} ms",
                flush=True,
            )
            figures[f"pause_s_{name}"] = round(worst_ms / 1_000, 2)
        client.close()
    return figures
