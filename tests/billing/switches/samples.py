"""Records of every format, as many as are wanted: what a switch writes for call i, and what a
reader must make of it.

Our own records in the formats' shapes: numbers from ranges for fiction, addresses for documents.
Call i of every format is answered i seconds after 2026-11-23 10:00:00 UTC and lasts i % 500 seconds
and 250 ms, where the format counts milliseconds; every fifth one is an attempt.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from billing.mediation.switches import Reader, Source, open_reader, parse_sources

BEGIN: Final = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN_MS: Final = int(BEGIN.timestamp() * 1_000)
BERLIN: Final = ZoneInfo("Europe/Berlin")
RULES: Final = 'rules.default_customer = "acme"\nrules.default_vendor = "telco"\n'


class Sample(NamedTuple):
    """How one format is written."""

    options: str
    """keys of its source"""
    header: bytes
    record: Callable[[int], bytes]
    """call i, with its newline"""
    per_call: int = 1
    """records of an answered call"""
    finer: bool = True
    """whether durations have milliseconds"""


def is_attempt(i: int) -> bool:
    """Whether call i is not answered."""
    return i % 5 == 4


def seconds(i: int) -> int:
    """Whole seconds call i lasts."""
    return 0 if is_attempt(i) else 1 + i % 500


def source_of(name: str, more: str = "", rules: str = RULES) -> Source:
    """The source of a format, with more keys."""
    text = f'[sources.s]\nformat = "{name}"\n{SAMPLES[name].options}{more}{rules}'
    return parse_sources(text, "switches.toml")[0]


def reader_of(name: str, more: str = "", state: bytes = b"", rules: str = RULES) -> Reader:
    """A reader of a format."""
    return open_reader(source_of(name, more, rules), state)


def file_of(name: str, calls: int) -> bytes:
    """A file with some calls."""
    sample = SAMPLES[name]
    return sample.header + b"".join([sample.record(i) for i in range(calls)])


def expected(name: str, i: int) -> dict[str, Any]:
    """What every format says of call i."""
    ms = seconds(i) * 1_000
    return {
        "called": called(i),
        "calling": calling(i),
        "answered_at": BEGIN_MS + i * 1_000,
        "duration_ms": ms + 250 if ms and SAMPLES[name].finer else ms,
        "customer": "acme",
        "switch": "s",
    }


def called(i: int) -> str:
    """The B-number of call i."""
    return f"4420794{i % 100_000:05d}"


def calling(i: int) -> str:
    """The A-number of call i."""
    return f"1202555{i % 10_000:04d}"


def _at(i: int, extra_ms: int = 0) -> datetime:
    return BEGIN + timedelta(seconds=i, milliseconds=extra_ms)


def _end(i: int, finer: bool = True) -> datetime:
    return _at(i, seconds(i) * 1_000 + (250 if finer and seconds(i) else 0))


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _stamp(moment: datetime) -> str:
    return moment.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")


def _freeswitch_json(i: int) -> bytes:
    ms = expected("freeswitch_json", i)["duration_ms"]
    answered = 0 if is_attempt(i) else int(_at(i).timestamp()) * 1_000_000
    variables = {
        "uuid": f"u-{i}",
        "caller_id_number": calling(i),
        "sip_req_user": called(i),
        "billsec": str(round(ms / 1_000)),
        "billmsec": str(ms),
        "answer_uepoch": str(answered),
        "start_uepoch": str(_epoch(_at(i)) * 1_000_000),
        "hangup_cause_q850": "17",
        "sip_network_ip": "192.0.2.7",
        "direction": "inbound",
        "last_arg": "sofia/gateway/t1/4",
    }
    document = {"core-uuid": "c", "variables": variables, "callflow": []}
    return json.dumps(document).encode() + b"\n"


def _freeswitch_csv(i: int) -> bytes:
    answer = "" if is_attempt(i) else _stamp(_at(i))
    cells = [
        *("Ann, A", calling(i), called(i), "public", _stamp(_at(i)), answer, _stamp(_end(i))),
        *(str(seconds(i) + 3), str(seconds(i)), "USER_BUSY", f"u-{i}", "", "", "PCMU", "PCMU"),
    ]
    return ",".join(f'"{cell}"' for cell in cells).encode() + b"\n"


def _asterisk(i: int) -> bytes:
    answer = "" if is_attempt(i) else _stamp(_at(i))
    clid = f'""Ann"" <{calling(i)}>'
    cells = [
        *("", calling(i), called(i), "in", clid, f"SIP/acme-{i:08x}", f"SIP/telco-{i:08x}"),
        *("Dial", "SIP/telco,60", _stamp(_at(i)), answer, _stamp(_end(i, False))),
    ]
    ended = "BUSY" if is_attempt(i) else "ANSWERED"
    quoted = ",".join(f'"{cell}"' for cell in cells)
    return f'{quoted},{seconds(i) + 3},{seconds(i)},"{ended}","3","1763892000.{i}",""\n'.encode()


def _flatstore(i: int) -> bytes:
    def row(method: str, code: int, at: datetime) -> str:
        numbers = f"{calling(i)}|sip.test|192.0.2.7|{called(i)}|{called(i)}|gw.test"
        return f"{method}|f{i}|t{i}|call-{i}@sbc|{code}|OK|{_epoch(at)}|{numbers}\n"

    if is_attempt(i):
        return row("INVITE", 486, _at(i)).encode()
    return (row("INVITE", 200, _at(i)) + row("BYE", 200, _end(i, False))).encode()


def _acc_json(i: int) -> bytes:
    names = ("method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time")
    more = ("src_user", "src_domain", "src_ip", "dst_ouser", "dst_user", "dst_domain")
    lines = _flatstore(i).decode().split()
    rows = [dict(zip((*names, *more), line.split("|"), strict=True)) for line in lines]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _ribbon(i: int) -> bytes:
    begin = (_at(i) - timedelta(seconds=2)) if not is_attempt(i) else _at(i)
    day, clock = begin.astimezone(BERLIN).strftime("%m/%d/%Y|%H:%M:%S.0").split("|")
    head = [f"GW{i % 3}", f"0x{i:016x}", str(i), "GMT+01:00-Berlin", day, clock]
    if is_attempt(i):
        cells = ["ATTEMPT", *head, "5", "", clock, "6", "17", "VoIP", "IP-TO-IP", "P", ""]
        cells += [calling(i), called(i), "", "0", "", "0", "", "0", "", "", "1"]
        cells += ["GW1:TG_OUT", "192.0.2.1", "192.0.2.2", "TG_IN", "", "x:1/y:2"]
    else:
        ticks = str(expected("ribbon_act", i)["duration_ms"] // 10)
        cells = ["STOP", *head, "5", "16", "200", day, clock, "6", ticks, "16", "VoIP", "IP-TO-IP"]
        cells += ["P", "", calling(i), called(i), "", "0", "", "0", "", "0", "", "", "1"]
        cells += ["GW1:TG_OUT", "192.0.2.1", "192.0.2.2", "TG_IN", "", "x:1/y:2"]
    cells += [""] * 20 + ['"SIP,a@192.0.2.7,""A"";tag=1,0"'] + ["0"] * 40
    return ",".join(cells).encode() + b"\n"


CUCM_NAMES: Final = [
    *("cdrRecordType", "globalCallID_callManagerId", "globalCallID_callId"),
    *("origLegCallIdentifier", "dateTimeOrigination", "origNodeId", "origSpan", "origIpAddr"),
    *("callingPartyNumber", "callingPartyUnicodeLoginUserID", "origCause_location"),
    *("origCause_value", *(f"a{i}" for i in range(17))),
    *("originalCalledPartyNumber", "finalCalledPartyNumber", "finalCalledPartyUnicode"),
    *("destCause_location", "destCause_value", *(f"b{i}" for i in range(13))),
    *("dateTimeConnect", "dateTimeDisconnect", "lastRedirectDn", "pkid"),
    *(f"c{i}" for i in range(4)),
    *("duration", "origDeviceName", "destDeviceName", *(f"d{i}" for i in range(54))),
]


def _cucm(i: int) -> bytes:
    cells = ["0"] * len(CUCM_NAMES)
    connect = "0" if is_attempt(i) else str(_epoch(_at(i)))
    for name, value in {
        "cdrRecordType": "1",
        "dateTimeOrigination": str(_epoch(_at(i))),
        "callingPartyNumber": calling(i),
        "finalCalledPartyNumber": called(i),
        "destCause_value": "17",
        "dateTimeConnect": connect,
        "pkid": f"p-{i}",
        "duration": str(seconds(i)),
        "origDeviceName": "acme",
        "destDeviceName": "telco",
    }.items():
        cells[CUCM_NAMES.index(name)] = value
    return ",".join(cells).encode() + b"\n"


def _h323(moment: datetime) -> str:
    return (
        moment.strftime("%H:%M:%S.")
        + f"{moment.microsecond // 1_000:03d} UTC "
        + (moment.strftime("%b %d %Y").upper())
    )


def _oracle(i: int) -> bytes:
    connect = "" if is_attempt(i) else _h323(_at(i))
    party = f'"<sip:{calling(i)}@192.0.2.7;user=phone>;tag=1"'
    cells = [
        *("2", "192.0.2.1", "0", f'"s{i}@sbc"', f'"c{i}"', f'"d{i}"', "SIP", "", "", party),
        *(f'"<sip:{called(i)}@192.0.2.9>"', "1", str(seconds(i)), _h323(_at(i)), connect),
        *(_h323(_end(i)), "17", "0", "0", "0", "0", "out", "in", *["0"] * 60),
    ]
    return ",".join(cells).encode() + b"\n"


YETI_NAMES: Final = (
    *("id", "time_start", "time_connect", "time_end", "duration", "success", "src_prefix_in"),
    *("dst_prefix_in", "customer_acc_id", "vendor_acc_id", "legb_disconnect_code", "pdd"),
    *("orig_gw_id", "term_gw_id", "sign_orig_ip", "routing_attempt"),
)


def _yeti(i: int) -> bytes:
    stamp = "%Y-%m-%d %H:%M:%S.%f+00"
    connect = "" if is_attempt(i) else _at(i).strftime(stamp)
    cells = [
        *(str(i), _at(i).strftime(stamp), connect, _end(i).strftime(stamp), str(seconds(i))),
        *("f" if is_attempt(i) else "t", calling(i), called(i), "acme", "telco", "486", "1.25"),
        *("7", "9", "192.0.2.7", "1"),
    ]
    return ",".join(cells).encode() + b"\n"


SIPPY_NAMES: Final = (
    *("i_cdr", "call_id", "cli_in", "cld_in", "setup_time", "connect_time", "disconnect_time"),
    *("duration", "billed_duration", "result", "remote_ip", "i_account", "i_vendor"),
)


def _sippy(i: int) -> bytes:
    stamp = "%Y-%m-%d %H:%M:%S.000+00"
    connect = "" if is_attempt(i) else _at(i).strftime(stamp)
    lasted = f"{expected('sippy_csv', i)['duration_ms'] / 1_000:.3f}"
    cells = [
        *(str(i), f"c{i}@sbc", calling(i), called(i), _at(i).strftime(stamp), connect),
        *(_end(i).strftime(stamp), lasted, str(seconds(i)), "17" if is_attempt(i) else "0"),
        *("192.0.2.7", "acme", "telco"),
    ]
    return ",".join(cells).encode() + b"\n"


def _generic_csv(i: int) -> bytes:
    ms = expected("csv", i)["duration_ms"]
    local = _stamp(_at(i))
    return f"{i};{calling(i)};{called(i)};{local};{ms};acme;telco;486\n".encode()


def _generic_json(i: int) -> bytes:
    ms = expected("json", i)["duration_ms"]
    call = {"id": i, "from": calling(i), "legs": [{"to": called(i)}]}
    times = {"at": _epoch(_at(i)) * 1_000, "ms": ms}
    return json.dumps({"call": call, "times": times}).encode() + b"\n"


ZONE: Final = 'zone = "Europe/Berlin"\n'
MAPPED: Final = (
    'fields = { call_id = "Id", calling = "From", called = "To", answered_at = "At", '
    'duration = "Ms", customer = "Customer", vendor = "Vendor", sip_code = "Code" }\n'
)
PATHS: Final = (
    'fields = { call_id = "call.id", calling = "call.from", called = "call.legs.0.to", '
    'answered_at = "times.at", duration = "times.ms" }\n'
)


def _line(names: tuple[str, ...] | list[str], delimiter: str = ",") -> bytes:
    return delimiter.join(names).encode() + b"\n"


CUCM_HEADER: Final = _line(CUCM_NAMES) + _line(["INTEGER"] * len(CUCM_NAMES))
GENERIC: Final = f'{ZONE}delimiter = ";"\ndurations = "ms"\n{MAPPED}'
GENERIC_NAMES: Final = ("Id", "From", "To", "At", "Ms", "Customer", "Vendor", "Code")

SAMPLES: Final[dict[str, Sample]] = {
    "freeswitch_json": Sample("", b"", _freeswitch_json),
    "freeswitch_csv": Sample(ZONE, b"", _freeswitch_csv, finer=False),
    "asterisk_csv": Sample(ZONE, b"", _asterisk, finer=False),
    "acc_flatstore": Sample("", b"", _flatstore, per_call=2, finer=False),
    "acc_json": Sample("", b"", _acc_json, per_call=2, finer=False),
    "ribbon_act": Sample(ZONE, b"", _ribbon),
    "cisco_cucm": Sample("", CUCM_HEADER, _cucm, finer=False),
    "oracle_sbc": Sample(ZONE, b"", _oracle),
    "yeti_csv": Sample("", _line(YETI_NAMES), _yeti),
    "sippy_csv": Sample("", _line(SIPPY_NAMES), _sippy),
    "csv": Sample(GENERIC, _line(GENERIC_NAMES, ";"), _generic_csv),
    "json": Sample(f'instants = "epoch_ms"\ndurations = "ms"\n{PATHS}', b"", _generic_json),
}
