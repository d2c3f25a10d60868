"""The collector as a process, on a real broker and ClickHouse: killed, posted to, sent again."""

import base64
import gzip
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.collecting import TOKEN, TOKEN_SHA256, Collector, files, settled, write
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, platform_on, until
from tests.deploy.test_platform import LONG_AGO_MS
from tests.kafka.broker import Broker
from tests.streams.collect.switch import HEADER, line, toml

pytestmark = EMBEDDED_FIRST

POSTING = f"""
[sources.web]
format = "json"
instants = "epoch_s"
[sources.web.fields]
call_id = ["id"]
called = ["to"]
answered_at = ["at"]
duration = ["lasted"]
customer = ["from"]
vendor = ["via"]
[sources.web.collect]
path = "/cdr/web"
token_sha256 = "{TOKEN_SHA256}"
user = "fs"
"""
CUSTOMERS = ("acme", "bolt", "coil")
BEARER = f"Bearer {TOKEN}"
CALL = {"to": "4930123456", "at": 1_790_000_000, "lasted": 61, "from": "acme", "via": "vend"}


@pytest.fixture(scope="module")
def platform(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform, whose rater stores what collectors tell."""
    with platform_on(broker, tmp_path_factory.mktemp("collect"), rebalance_timeout_s=2) as found:
        found.load("gold", "sell", "49,Germany,60,0,1,1\n", LONG_AGO_MS)
        found.load("vend", "buy", "49,Germany,30,0,1,1\n", LONG_AGO_MS)
        yield found


@pytest.fixture(scope="module")
def cdr(platform: Platform) -> Path:
    """Where the switch writes."""
    folder = platform.folder / "cdr"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def collector(platform: Platform, cdr: Path) -> Iterator[Collector]:
    """A collector of files and posts."""
    found = Collector(platform, toml(cdr, finished_after_s=3_600) + POSTING)
    found.start()
    found.ready()
    yield found
    assert found.stop() == 0
    assert "collector stopped" in found.log()


NAMES = ("calls", "rated", "suspended", "dead", "duplicate")


def totals(platform: Platform) -> dict[str, int]:
    """What the receipts add up to."""
    sums = ", ".join(f"sum({name})" for name in NAMES)
    found = platform.rows(f"SELECT {sums} FROM receipt FINAL")[0]
    return {name: int(count) for name, count in zip(NAMES, found, strict=True)}


def account(platform: Platform) -> dict[str, int]:
    """received, rated, suspended, dead and duplicate of all receipts, once the rows agree.

    A receipt and its rows are stored apart; a call that is stored twice makes them differ for good.
    """
    found: dict[str, int] = {}

    def agreed() -> bool:
        found.update(totals(platform))
        stored = platform.rows("SELECT count() FROM charge FINAL WHERE leg = 'sell'")[0][0]
        return bool(stored == found["rated"] + found["suspended"])

    until("as many charges as receipts tell of", agreed)
    assert found["calls"] == sum(found[name] for name in NAMES[1:])
    return found


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_killed_while_files_grow_and_rotate(
    platform: Platform, collector: Collector, cdr: Path, kills: int
) -> None:
    """Most kills are between keeping and sending; each of 505 records a kill is there once."""
    before, name = account(platform), f"cdr-{kills}.csv"
    moments = random.Random(7)
    path, first, good, bad = cdr / name, kills * 100_000, 0, 0
    write(path, HEADER)
    for kill in range(kills):
        for _ in range(5):
            piece = b"".join(line(first + good + i, CUSTOMERS[i % 3]) for i in range(100))
            cut = moments.randrange(len(piece))
            write(path, piece[:cut])
            write(path, piece[cut:] + b"bad\n")
            good, bad = good + 100, bad + 1
        if kill % 4 == 1:
            path.rename(cdr / f"{name}.{kill}")
            write(path, HEADER)
        if kill % 3:
            collector.wait_taken()
        collector.kill()
        collector.start()
    collector.ready()
    found = settled(platform, before["calls"] + good + bad)
    own = [row for file, row in found.items() if file.startswith(name)]
    assert sum(row["sent"] for row in own) == good + bad
    assert sum(row["calls"] for row in own) == good
    for row in own:
        parts = sum(row[part] for part in ("rated", "suspended", "dead", "duplicate"))
        assert parts == row["calls"] + row["unread"]
    after = account(platform)
    grown = {part: after[part] - before[part] for part in NAMES}
    assert (grown["rated"] + grown["suspended"], grown["dead"]) == (good, bad)
    assert grown["rated"] == kills * 5 * 34, "the calls of acme"
    assert grown["duplicate"] == 0, "what was kept is looked for before it is sent again"


def test_sent_again_packed_and_copied(platform: Platform, collector: Collector, cdr: Path) -> None:
    before = account(platform)
    data = HEADER + b"".join(line(n, "acme") for n in range(20_000, 20_010))
    (cdr / "day.csv.gz").write_bytes(gzip.compress(data))
    until("the packed file", lambda: "day.csv.gz" in files(platform))
    shutil.copyfile(cdr / "day.csv.gz", cdr / "again.csv.gz")
    (cdr / "plain.csv").write_bytes(data)
    names = {"again.csv.gz", "plain.csv"}
    until("the copies", lambda: names <= files(platform).keys())
    found = files(platform)
    assert {found[name]["state"] for name in names} == {"duplicate"}
    assert {found[name]["sent"] for name in names} == {0}
    until("the receipts", lambda: account(platform)["calls"] == before["calls"] + 10)
    assert account(platform)["duplicate"] == before["duplicate"]
    assert found["day.csv.gz"]["sha256"] == found["plain.csv"]["sha256"]


@pytest.mark.parametrize(
    ("auth", "status"),
    [
        ("", 401),
        ("Bearer wrong", 401),
        ("Basic ???", 401),
        (f"Token {TOKEN}", 401),
        ("Basic " + base64.b64encode(f"other:{TOKEN}".encode()).decode(), 401),
        ("Basic " + base64.b64encode(f"fs:{TOKEN}".encode()).decode(), 200),
        (BEARER, 200),
    ],
)
def test_who_may_post(platform: Platform, collector: Collector, auth: str, status: int) -> None:
    body = json.dumps({**CALL, "id": f"auth {auth}"}).encode()
    assert collector.post("/cdr/web", body, auth=auth)[0] == status


def test_what_is_posted(platform: Platform, collector: Collector) -> None:
    before = account(platform)
    good = json.dumps({**CALL, "id": "posted"}).encode()
    assert collector.post("/cdr/web", good, auth=BEARER) == (200, {"calls": 1, "dead": 0})
    form = b"uuid=1&cdr=" + good.replace(b" ", b"+").replace(b"posted", b"form%2Dposted")
    kind = "application/x-www-form-urlencoded"
    assert collector.post("/cdr/web", form, kind, BEARER) == (200, {"calls": 1, "dead": 0})
    lacking = json.dumps({**CALL, "id": "x", "to": ""}).encode()
    assert collector.post("/cdr/web", lacking, auth=BEARER) == (200, {"calls": 0, "dead": 1})
    until("the receipts", lambda: account(platform)["calls"] >= before["calls"] + 3)
    for call_id in ("posted", "form-posted"):
        assert platform.charges(call_id)["sell"][:2] == ("", 61_000_000_000)
    hours = [row for row in files(platform).values() if row["state"] == "posted"]
    assert [row["name"].split()[0] for row in hours] == ["/cdr/web"] * len(hours)
    assert collector.post("/cdr/web", good, auth=BEARER)[0] == 200
    until("the copy", lambda: account(platform)["duplicate"] == before["duplicate"] + 1)


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/cdr/web", b"", "application/json", 400),
        ("/cdr/web", b"{", "application/json", 400),
        ("/cdr/web", b"other=1", "application/x-www-form-urlencoded", 400),
        ("/cdr/web", b"x" * (600 * 1024), "application/json", 413),
        ("/cdr/other", b"{}", "application/json", 404),
    ],
)
def test_what_is_no_record(
    platform: Platform, collector: Collector, path: str, body: bytes, kind: str, status: int
) -> None:
    before = account(platform)
    assert collector.post(path, body, kind, BEARER)[0] == status
    assert account(platform) == before
