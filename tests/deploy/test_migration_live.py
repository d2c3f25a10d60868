"""A newer schema arrives while calls flow: nothing stops; older code does not start any more."""

import shutil
import threading
import time
from pathlib import Path

from clickhouse.migrate import FOLDER, migrate
from deploy.local import start
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, until

pytestmark = EMBEDDED_FIRST

CALLS_EACH = 20
NEWER = """
ALTER TABLE charge ADD COLUMN IF NOT EXISTS reseller LowCardinality(String) DEFAULT 'none';
ALTER TABLE cdr ADD COLUMN IF NOT EXISTS jurisdiction LowCardinality(String) DEFAULT '';
ALTER TABLE cdr ADD INDEX IF NOT EXISTS by_switch switch TYPE set(100) GRANULARITY 4;
CREATE TABLE IF NOT EXISTS invoice (number UInt32) ENGINE = MergeTree ORDER BY number;
"""


def test_a_migration_under_traffic(platform: Platform, tmp_path: Path) -> None:
    platform.load("gold", "sell", "49,Germany,0.02,0,1,1\n", 1_704_067_200_000)
    platform.load("vend", "buy", "49,Germany,0.01,0,1,1\n", 1_704_067_200_000)
    over, sent = threading.Event(), 0

    def traffic() -> None:
        nonlocal sent
        while not over.is_set():
            ended_ms = int(time.time() * 1_000)
            calls = [
                {
                    "call_id": f"m{sent + i}",
                    "customer": "acme",
                    "vendor": "vend",
                    "called": "4930123456",
                    "answered_at": ended_ms - 60_000,
                    "duration_ms": 60_000,
                }
                for i in range(CALLS_EACH)
            ]
            platform.post(*calls)
            sent += CALLS_EACH

    sender = threading.Thread(target=traffic)
    sender.start()
    try:
        until("calls before", lambda: stored(platform) > CALLS_EACH)
        folder = tmp_path / "migrations"
        shutil.copytree(FOLDER, folder, ignore=lambda *_: {"__pycache__"})
        (folder / "9999_newer.sql").write_text(NEWER)
        assert migrate(platform.settings, folder) == ["9999_newer"]
        there = stored(platform)
        until("calls after", lambda: stored(platform) > there + 2 * CALLS_EACH)
    finally:
        over.set()
        sender.join()
    until("every call", lambda: stored(platform) == sent)
    assert platform.rows("SELECT DISTINCT reseller FROM charge") == [("none",)]
    sums = platform.rows("SELECT leg, sum(nanos) FROM charge FINAL GROUP BY leg ORDER BY leg")
    assert sums == [("sell", sent * 20_000_000), ("buy", sent * 10_000_000)]

    platform.processes["rater"].terminate()
    platform.processes["rater"].wait(30)
    logs = tmp_path / "logs"
    logs.mkdir()
    assert start("rater", logs).wait(60) != 0
    assert "9999_newer was applied but its file is gone" in (logs / "rater.log").read_text()


def stored(platform: Platform) -> int:
    """Calls with a charge."""
    return int(platform.rows("SELECT count() FROM charge FINAL WHERE leg = 'sell'")[0][0])
