"""What real switches wrote: files outside the project, read where they are, or skipped."""

from pathlib import Path

import pytest

from billing.mediation.switches import Taken, open_reader
from tests.billing.switches.samples import RULES, source_of

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "cdr"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no real samples in ../shared/data/cdr")
COLUMNS = (
    'columns = ["method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time", "", '
    '"calling", "called"]\n'
)


def taken(name: str, file: str, more: str = "", rules: str = RULES) -> Taken:
    """A whole file."""
    reader = open_reader(source_of(name, more, rules))
    found = reader.take((FOLDER / file).read_bytes(), 1, last=True)
    total = found.calls.num_rows + len(found.dead) + sum(found.skipped.values()) + reader.waiting
    assert found.records == total
    return found


def test_freeswitch_keeps_the_milliseconds_that_its_seconds_round_away() -> None:
    found = taken("freeswitch_json", "freeswitch_json_cdr.json")
    (call,) = found.calls.to_pylist()
    assert call["duration_ms"] == 67_540
    assert call["answered_at"].timestamp() == pytest.approx(1_515_666_347.954)
    assert (call["calling"], call["called"], call["sip_code"]) == ("1001", "1002", 200)
    assert (call["call_id"], call["pdd_ms"]) == ("3da8bf84-c133-4959-9e24-e72875cb33a1", 60)


def test_freeswitch_accounts_by_their_addresses() -> None:
    rules = (
        '[[sources.s.rules.customers]]\naccount = "desk"\nnetwork = "10.10.10.0/25"\n'
        '[[sources.s.rules.vendors]]\naccount = "far"\nnetwork = "10.10.10.0/24"\n'
    )
    (call,) = taken("freeswitch_json", "freeswitch_json_cdr.json", "", rules).calls.to_pylist()
    assert (call["customer"], call["vendor"]) == ("desk", "far")


def test_ribbon_start_is_skipped_and_stop_counts_ten_milliseconds() -> None:
    start = taken("ribbon_act", "ribbon_start.txt")
    assert (start.calls.num_rows, start.dead, dict(start.skipped)) == (0, [], {"start": 1})
    (call,) = taken("ribbon_act", "ribbon_stop.txt").calls.to_pylist()
    assert call["duration_ms"] == 3_060
    assert (call["called"], call["sip_code"], call["pdd_ms"]) == ("5307520014", 200, 160)
    assert call["call_id"] == "ABCGSX1-0x0001042B00000012"


def test_ribbon_local_time_is_the_sources_zone() -> None:
    from zoneinfo import ZoneInfo

    source = source_of("ribbon_act")._replace(zone=ZoneInfo("America/Los_Angeles"))
    data = (FOLDER / "ribbon_stop.txt").read_bytes()
    (call,) = open_reader(source).take(data, 1, last=True).calls.to_pylist()
    assert call["answered_at"].isoformat() == "2013-02-23T01:02:17.610000+00:00"


def test_cisco_with_its_row_of_types() -> None:
    found = taken("cisco_cucm", "cisco_cucm.txt")
    (call,) = found.calls.to_pylist()
    assert (call["duration_ms"], call["sip_code"]) == (60_000, 200)
    assert call["answered_at"].timestamp() == 1_711_386_110
    assert (call["calling"], call["called"]) == ("5033466520", "9712628803")
    assert (found.lines.tolist(), dict(found.skipped)) == ([2], {"header": 1})


def test_opensips_pairs_in_any_order_and_keeps_what_has_no_partner() -> None:
    reader = open_reader(source_of("acc_flatstore", COLUMNS))
    found = reader.take((FOLDER / "opensips_flatstore.csv").read_bytes(), 1, last=True)
    lasted = dict(zip(found.lines.tolist(), found.calls["duration_ms"].to_pylist(), strict=True))
    assert lasted == {1: 2_000, 3: 4_000, 5: 4_000, 7: 2_000, 9: 0, 10: 0, 11: 0, 13: 4_000}
    codes = dict(zip(found.lines.tolist(), found.calls["sip_code"].to_pylist(), strict=True))
    assert (codes[9], codes[10], codes[11]) == (487, 404, 486)
    assert [(d.line, d.reason, d.field) for d in found.dead] == [
        (line, "missing", "time") for line in (15, 17, 19, 21)
    ]
    assert reader.waiting == 5  # an INVITE without a BYE, and the BYEs of the four dead INVITEs
    assert found.records == 22 == found.calls.num_rows + 4 + found.skipped["bye"] + 5
