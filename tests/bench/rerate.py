"""Bulk re-rating end to end: `python -m tests.bench.rerate [--calls N]`.

N rated calls of ten days in ClickHouse; a worker process takes the chunks from the broker. Three
runs, by decks that change all of the sell legs, a tenth and a thousandth of them: preview, apply,
roll back, each timed from the command to the state it ends in. The peer is an INSERT .. SELECT of
the charges' own columns within the same ClickHouse: as many rows as the run rates legs. Before
them the first what-if of the ten days, which reads them and writes their snapshots, and the second
one, which compares them in memory: whole, and without the compiling of the decks. The last line is
JSON.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from clickhouse.migrate import migrate
from clickhouse.rerate_read import now_ms, stored_ms
from deploy.local import running
from deploy.runtime.settings import Settings
from rerate.desk import Desk
from rerate.prices import gather, tariff_of
from rerate.records import Records
from rerate.scope import parse
from rerate.sending import Sender
from rerate.snapshot import batches_of, path_of
from rerate.snapshot_sums import Among, SnapshotSums, added
from rerate.snapshots import Snapshots
from rerate.steps import LATE_MS, Progress, Steps
from rerate.whatif import what_if
from tests.bench import rerate_world as world
from tests.bench.rig import rss_mb
from tests.deploy.conftest import settings_in

_DAYS: Final = range(world.FROM_MS // world.DAY_MS, world.FROM_MS // world.DAY_MS + world.DAYS)
POLL_S: Final = 0.1
CALLS: Final = 10_000_000
BIG_CALLS: Final = 100_000_000
STEPS: Final = ("preview", "apply", "rollback")


def ended(desk: Desk, progress: Progress) -> Progress:
    """Wait until a step is done."""
    while progress.running:
        time.sleep(POLL_S)
        progress = desk.go_on(progress.record.number)
    return progress


class Peak(threading.Thread):
    """The most memory a process has held, in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self.mb, self.done = pid, 0.0, False

    def run(self) -> None:
        """Look every tenth of a second."""
        while not self.done:
            self.mb = max(self.mb, rss_mb(self._pid))
            time.sleep(0.1)


def timed(act: Callable[[], object]) -> float:
    """Seconds an act takes."""
    begin = time.monotonic()
    act()
    return time.monotonic() - begin


def quiet(client: Client) -> None:
    """Wait until days count as closed: nothing was stored lately."""
    until_ms = max(stored_ms(client, _DAYS).values()) + LATE_MS + 1_000
    while now_ms(client) < until_ms:
        time.sleep(POLL_S)


def what_ifs(client: Client, folder: Path) -> dict[str, float]:
    """Seconds of a first and a second what-if, and of the second one's comparing alone."""
    snapshots = Snapshots(folder, client)
    quiet(client)
    scope = parse({"from": world.FROM_MS, "to": world.FROM_MS + world.DAYS * world.DAY_MS})
    priced = gather(client, {("sell", name): f"{name}-all" for name in world.sold()})
    seconds: dict[str, float] = {}
    for name, held in (("whatif_first_s", 0), ("whatif_s", world.DAYS)):
        begin = time.monotonic()
        found = what_if(client, snapshots, scope, priced, 0, lambda _: None)
        seconds[name] = time.monotonic() - begin
        assert found.held == held
    sums, days = SnapshotSums(tariff_of(client, priced), Among(scope, None)), snapshots.days(_DAYS)
    batches = (path_of(folder, own.day) for own in days if own.held)
    begin = time.monotonic()
    added(sums, chain.from_iterable(map(batches_of, batches)), 0, lambda _: None)
    return {**seconds, "whatif_compare_s": time.monotonic() - begin}


def run_by(desk: Desk, share: str) -> dict[str, float]:
    """Seconds of each step of a run that changes a share of the sell legs."""
    scope = parse({"from": world.FROM_MS, "to": world.FROM_MS + world.DAYS * world.DAY_MS})
    instead = {("sell", name): f"{name}-{share}" for name in world.sold()}
    number = desk.make(scope, "ann", instead).number
    seconds = {"preview": timed(lambda: ended(desk, desk.preview(number, "ann")))}
    record = desk.submit(number, "ann", suspending=True)
    desk.approve(number, "bob", record.run.delta)
    seconds["apply"] = timed(lambda: ended(desk, desk.apply(number, "ann")))
    changed = sum(own.legs for own in desk.posted(desk.go_on(number).record))
    seconds["rollback"] = timed(lambda: ended(desk, desk.roll_back(number, "ann")))
    return {**seconds, "changed_legs": changed}


@contextmanager
def plant(folder: Path) -> Iterator[tuple[Settings, int]]:
    """ClickHouse, broker and a worker; yields the settings and the worker's process id."""
    names = ("broker", "clickhouse", "rerate")
    with settings_in(folder) as settings, running(settings, names, print) as processes:
        migrate(settings)
        yield settings, processes["rerate"].pid


def measured(calls: int, folder: Path) -> dict[str, object]:
    """Everything the last line says."""
    with plant(folder) as (settings, pid), closing(connect(settings)) as client:
        fill_s = timed(lambda: world.fill(client, calls, lambda n: print(f"stored {n:,}")))
        world.publish_dearer(client)
        records = Records(f"sqlite:///{folder}/documents.db")
        steps = Steps(client, records, Sender(settings), settings.rerate_chunk_calls)
        desk = Desk(steps)
        client.command("CREATE TABLE narrow AS charge")
        copy = "INSERT INTO narrow SELECT * FROM charge SETTINGS max_execution_time = 3600"
        thought = what_ifs(client, folder / "snapshots")
        print(f"what-if: {thought}", flush=True)
        peak = Peak(pid)
        peak.start()
        found: dict[str, dict[str, float]] = {}
        copied_s = []
        for name in world.SHARES:
            client.command("TRUNCATE TABLE narrow")
            copied_s.append(timed(lambda: client.command(copy)))
            found[name] = run_by(desk, name)
            chunks = client.query(
                "SELECT step, count(), sum(took_ms), max(took_ms) FROM rerate_chunk FINAL"
                " GROUP BY step ORDER BY step DESC LIMIT 3"
            ).result_rows
            print(f"steps, chunks, their ms, the slowest: {chunks}", flush=True)
            print(f"{name}: {found[name]}, INSERT .. SELECT {copied_s[-1]:.1f} s", flush=True)
        peak.done = True
    whole, copy_s = found["all"], sorted(copied_s)[1]
    return {
        "calls": calls,
        **{f"{step}_s": round(whole[step], 2) for step in STEPS},
        **{f"{step}_calls_per_s": round(calls / whole[step]) for step in STEPS},
        "ratio_insert_select": round(copy_s / whole["apply"], 3),
        "preview_ratio_insert_select": round(copy_s / whole["preview"], 3),
        "insert_select_s": round(copy_s, 2),
        "peak_rss_mb": round(peak.mb),
        **{name: round(value, 2) for name, value in thought.items()},
        "whatif_calls_per_s": round(calls / thought["whatif_compare_s"]),
        "fill_s": round(fill_s),
        "by_share": {name: {k: round(v, 2) for k, v in own.items()} for name, own in found.items()},
    }


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--calls", type=int, default=BIG_CALLS if os.environ.get("BIG") else CALLS)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(asked.parse_args().calls, Path(folder))))


if __name__ == "__main__":
    main()
