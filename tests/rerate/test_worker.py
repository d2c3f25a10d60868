"""`tollwire rerate` with real processes: broker, ClickHouse, rater, worker, and the commands."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from deploy.local import running
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, platform_on
from tests.kafka.broker import Broker
from tests.kafka.cluster import Kafka

pytestmark = EMBEDDED_FIRST

DAY_MS = 86_400_000
FROM_MS = 20_400 * DAY_MS
CALLS = 60
PERIOD = ("--from", "2025-11-08T00:00:00Z", "--to", "2025-11-12T00:00:00Z")
COMMAND_S_MAX = 120


@pytest.fixture(scope="module")
def platform(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """With a worker, calls of four days at 0.06 and 0.01 a minute, and the sell deck corrected."""
    with platform_on(broker, tmp_path_factory.mktemp("rerate")) as found:
        found.load("gold", "sell", "49,Germany,0.06,0,1,1\n", 0)
        found.load("vend", "buy", "49,Germany,0.01,0,1,1\n", 0)
        found.send(
            *(
                {
                    "call_id": f"call-{i}",
                    "customer": "acme",
                    "vendor": "vend",
                    "called": "4930123456",
                    "answered_at": FROM_MS + i % 4 * DAY_MS + i * 1_000,
                    "duration_ms": 60_000,
                }
                for i in range(CALLS)
            )
        )
        found.load("gold", "sell", "49,Germany,0.03,0,1,1\n", 0)
        with running(found.settings, ("rerate",), print):
            yield found


def rerate(*words: str, fails: bool = False) -> str:
    """What a command says; fails: it is refused, and that is what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "rerate", *words],
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )
    assert done.returncode == (1 if fails else 0), done.stderr
    return done.stderr if fails else done.stdout


def charges(platform: Platform) -> list[tuple[object, ...]]:
    """Every charge as a reader sees it."""
    return platform.rows(
        "SELECT cdr_id, leg, reason, billed_s, nanos, currency, deck_version, rate_row, run"
        " FROM charge FINAL ORDER BY cdr_id, leg"
    )


def test_from_preview_to_roll_back(platform: Platform, tmp_path: Path) -> None:
    before = charges(platform)
    book, table = tmp_path / "p.xlsx", tmp_path / "p.parquet"
    found = json.loads(rerate("preview", *PERIOD, "--json", "--export", str(book)))
    number, delta = str(found["run"]), found["delta"]
    assert (found["state"], delta) == ("previewed", "sell -1.8 USD")
    assert found["totals"][0]["changed"] == CALLS
    assert found["margin"] == {"USD": "-1.8"}
    assert len(found["by_day"]) == 2 * 4

    sheet = CalamineWorkbook.from_path(str(book)).get_sheet_by_name("by day").to_python()
    assert {row[-6] for row in sheet[1:] if row[0] == "sell"} == {0.9}
    assert {row[-3] for row in sheet[1:] if row[0] == "sell"} == {"0.9"}
    rerate("show", number, "--export", str(table))
    rows = pq.read_table(table).to_pylist()
    assert [str(row["delta"]) for row in rows if row["dimension"] == "total"] == [
        "-1.800000000",
        "0E-9",
    ]

    rerate("submit", number, "--by", "ann")
    said = rerate("approve", number, "--by", "ann", "--delta", delta, fails=True)
    assert "another person must approve it" in said
    rerate("approve", number, "--by", "bob", "--delta", delta)
    assert "its ledger: sell legs 60, -1.8 USD" in rerate("apply", number, "--by", "ann")
    assert platform.rows("SELECT sum(nanos) FROM charge FINAL WHERE leg = 'sell'") == [
        (1_800_000_000,)
    ]
    assert "is applied" in rerate("apply", number, fails=True)
    assert "applied" in rerate("list")
    rerate("rollback", number)
    assert charges(platform) == before


def test_what_if_of_a_deck_that_was_never_published(platform: Platform, tmp_path: Path) -> None:
    deck = tmp_path / "dear.csv"
    deck.write_text(
        "prefix,destination,rate_per_min,connect_fee,first_increment,next_increment\n"
        "49,Germany,0.12,0,1,1\n"
    )
    words = ("preview", *PERIOD, "--instead", f"sell:gold={deck}", "--json")
    found = json.loads(rerate(*words))
    assert found["delta"] == "sell 3.6 USD"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("preview", "--from", "2025-11-08"), "scope: to is missing"),
        (("preview", *PERIOD, "--customer", "nobody"), "the scope matches no calls"),
        (("preview", *PERIOD, "--instead", "gold"), "expected SIDE:DECK=OTHER"),
        (("show", "99"), "there is no run 99"),
        (("preview", *PERIOD, "--export", "x.doc"), "written as .xlsx or .parquet"),
    ],
)
def test_refusals(platform: Platform, words: tuple[str, ...], said: str) -> None:
    if isinstance(platform.broker, Kafka):
        pytest.skip("the broker has no say in these")
    assert said in rerate(*words, fails=True)


def test_a_worker_says_what_it_does(platform: Platform) -> None:
    log = (platform.settings.data_dir / "logs" / "rerate.log").read_text()
    assert "worker ready" in log
    assert "Traceback" not in log
