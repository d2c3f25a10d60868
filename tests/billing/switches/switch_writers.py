"""What FreeSWITCH, Asterisk, acc, Ribbon and Cisco write for call i."""

import json
from datetime import datetime, timedelta
from typing import Final

from tests.billing.switches.imagined import (
    BERLIN,
    begin,
    called,
    calling,
    end,
    epoch,
    is_attempt,
    lasted_ms,
    seconds,
    stamp,
)


def freeswitch_json(i: int) -> bytes:
    ms = lasted_ms(i)
    answered = 0 if is_attempt(i) else int(begin(i).timestamp()) * 1_000_000
    variables = {
        "uuid": f"u-{i}",
        "caller_id_number": calling(i),
        "sip_req_user": called(i),
        "billsec": str(round(ms / 1_000)),
        "billmsec": str(ms),
        "answer_uepoch": str(answered),
        "start_uepoch": str(epoch(begin(i)) * 1_000_000),
        "hangup_cause_q850": "17",
        "sip_network_ip": "192.0.2.7",
        "direction": "inbound",
        "last_arg": "sofia/gateway/t1/4",
    }
    document = {"core-uuid": "c", "variables": variables, "callflow": []}
    return json.dumps(document).encode() + b"\n"


def freeswitch_csv(i: int) -> bytes:
    answer = "" if is_attempt(i) else stamp(begin(i))
    cells = [
        *("Ann, A", calling(i), called(i), "public", stamp(begin(i)), answer, stamp(end(i))),
        *(str(seconds(i) + 3), str(seconds(i)), "USER_BUSY", f"u-{i}", "", "", "PCMU", "PCMU"),
    ]
    return ",".join(f'"{cell}"' for cell in cells).encode() + b"\n"


def asterisk(i: int) -> bytes:
    answer = "" if is_attempt(i) else stamp(begin(i))
    clid = f'""Ann"" <{calling(i)}>'
    cells = [
        *("", calling(i), called(i), "in", clid, f"SIP/acme-{i:08x}", f"SIP/telco-{i:08x}"),
        *("Dial", "SIP/telco,60", stamp(begin(i)), answer, stamp(end(i, False))),
    ]
    ended = "BUSY" if is_attempt(i) else "ANSWERED"
    quoted = ",".join(f'"{cell}"' for cell in cells)
    return f'{quoted},{seconds(i) + 3},{seconds(i)},"{ended}","3","1763892000.{i}",""\n'.encode()


def flatstore(i: int) -> bytes:
    def row(method: str, code: int, at: datetime) -> str:
        numbers = f"{calling(i)}|sip.test|192.0.2.7|{called(i)}|{called(i)}|gw.test"
        return f"{method}|f{i}|t{i}|call-{i}@sbc|{code}|OK|{epoch(at)}|{numbers}\n"

    if is_attempt(i):
        return row("INVITE", 486, begin(i)).encode()
    return (row("INVITE", 200, begin(i)) + row("BYE", 200, end(i, False))).encode()


def acc_json(i: int) -> bytes:
    names = ("method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time")
    more = ("src_user", "src_domain", "src_ip", "dst_ouser", "dst_user", "dst_domain")
    lines = flatstore(i).decode().split()
    rows = [dict(zip((*names, *more), line.split("|"), strict=True)) for line in lines]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def ribbon(i: int) -> bytes:
    setup = begin(i) if is_attempt(i) else begin(i) - timedelta(seconds=2)
    day, clock = setup.astimezone(BERLIN).strftime("%m/%d/%Y|%H:%M:%S.0").split("|")
    head = [f"GW{i % 3}", f"0x{i:016x}", str(i), "GMT+01:00-Berlin", day, clock]
    if is_attempt(i):
        cells = ["ATTEMPT", *head, "5", "", clock, "6", "17", "VoIP", "IP-TO-IP", "P", ""]
        cells += [calling(i), called(i), "", "0", "", "0", "", "0", "", "", "1"]
        cells += ["GW1:TG_OUT", "192.0.2.1", "192.0.2.2", "TG_IN", "", "x:1/y:2"]
    else:
        ticks = str(lasted_ms(i) // 10)
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


def cucm(i: int) -> bytes:
    cells = ["0"] * len(CUCM_NAMES)
    connect = "0" if is_attempt(i) else str(epoch(begin(i)))
    for name, value in {
        "cdrRecordType": "1",
        "dateTimeOrigination": str(epoch(begin(i))),
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
