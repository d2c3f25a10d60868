"""What Oracle, Yeti, Sippy and others write for call i."""

import json
from datetime import datetime
from typing import Final

from tests.billing.switches.imagined import (
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


def _h323(moment: datetime) -> str:
    return (
        moment.strftime("%H:%M:%S.")
        + f"{moment.microsecond // 1_000:03d} UTC "
        + (moment.strftime("%b %d %Y").upper())
    )


def oracle(i: int) -> bytes:
    connect = "" if is_attempt(i) else _h323(begin(i))
    party = f'"<sip:{calling(i)}@192.0.2.7;user=phone>;tag=1"'
    cells = [
        *("2", "192.0.2.1", "0", f'"s{i}@sbc"', f'"c{i}"', f'"d{i}"', "SIP", "", "", party),
        *(f'"<sip:{called(i)}@192.0.2.9>"', "1", str(seconds(i)), _h323(begin(i)), connect),
        *(_h323(end(i)), "17", "0", "0", "0", "0", "out", "in", *["0"] * 60),
    ]
    return ",".join(cells).encode() + b"\n"


YETI_NAMES: Final = (
    *("id", "time_start", "time_connect", "time_end", "duration", "success", "src_prefix_in"),
    *("dst_prefix_in", "customer_acc_id", "vendor_acc_id", "legb_disconnect_code", "pdd"),
    *("orig_gw_id", "term_gw_id", "sign_orig_ip", "routing_attempt"),
)


def yeti(i: int) -> bytes:
    form = "%Y-%m-%d %H:%M:%S.%f+00"
    connect = "" if is_attempt(i) else begin(i).strftime(form)
    cells = [
        *(str(i), begin(i).strftime(form), connect, end(i).strftime(form), str(seconds(i))),
        *("f" if is_attempt(i) else "t", calling(i), called(i), "acme", "telco", "486", "1.25"),
        *("7", "9", "192.0.2.7", "1"),
    ]
    return ",".join(cells).encode() + b"\n"


SIPPY_NAMES: Final = (
    *("i_cdr", "call_id", "cli_in", "cld_in", "setup_time", "connect_time", "disconnect_time"),
    *("duration", "billed_duration", "result", "remote_ip", "i_account", "i_vendor"),
)


def sippy(i: int) -> bytes:
    form = "%Y-%m-%d %H:%M:%S.000+00"
    connect = "" if is_attempt(i) else begin(i).strftime(form)
    lasted = f"{lasted_ms(i) / 1_000:.3f}"
    cells = [
        *(str(i), f"c{i}@sbc", calling(i), called(i), begin(i).strftime(form), connect),
        *(end(i).strftime(form), lasted, str(seconds(i)), "17" if is_attempt(i) else "0"),
        *("192.0.2.7", "acme", "telco"),
    ]
    return ",".join(cells).encode() + b"\n"


def generic_csv(i: int) -> bytes:
    ms = lasted_ms(i)
    local = stamp(begin(i))
    return f"{i};{calling(i)};{called(i)};{local};{ms};acme;telco;486\n".encode()


def generic_json(i: int) -> bytes:
    ms = lasted_ms(i)
    call = {"id": i, "from": calling(i), "legs": [{"to": called(i)}]}
    times = {"at": epoch(begin(i)) * 1_000, "ms": ms}
    return json.dumps({"call": call, "times": times}).encode() + b"\n"
