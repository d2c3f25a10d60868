"""Records of every format, as many as are wanted, and what a reader must make of them.

Our own records in the formats' shapes; `imagined` says what happens in call i.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from billing.mediation.switches import Reader, Source, open_reader, parse_sources
from tests.billing.switches import export_writers as export
from tests.billing.switches import switch_writers as switch
from tests.billing.switches.imagined import BEGIN_MS, called, calling, lasted_ms

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
    return {
        "called": called(i),
        "calling": calling(i),
        "answered_at": BEGIN_MS + i * 1_000,
        "duration_ms": lasted_ms(i, SAMPLES[name].finer),
        "customer": "acme",
        "switch": "s",
    }


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


CUCM_HEADER: Final = _line(switch.CUCM_NAMES) + _line(["INTEGER"] * len(switch.CUCM_NAMES))
GENERIC: Final = f'{ZONE}delimiter = ";"\ndurations = "ms"\n{MAPPED}'
GENERIC_NAMES: Final = ("Id", "From", "To", "At", "Ms", "Customer", "Vendor", "Code")

SAMPLES: Final[dict[str, Sample]] = {
    "freeswitch_json": Sample("", b"", switch.freeswitch_json),
    "freeswitch_csv": Sample(ZONE, b"", switch.freeswitch_csv, finer=False),
    "asterisk_csv": Sample(ZONE, b"", switch.asterisk, finer=False),
    "acc_flatstore": Sample("", b"", switch.flatstore, per_call=2, finer=False),
    "acc_json": Sample("", b"", switch.acc_json, per_call=2, finer=False),
    "ribbon_act": Sample(ZONE, b"", switch.ribbon),
    "cisco_cucm": Sample("", CUCM_HEADER, switch.cucm, finer=False),
    "oracle_sbc": Sample(ZONE, b"", export.oracle),
    "yeti_csv": Sample("", _line(export.YETI_NAMES), export.yeti),
    "sippy_csv": Sample("", _line(export.SIPPY_NAMES), export.sippy),
    "csv": Sample(GENERIC, _line(GENERIC_NAMES, ";"), export.generic_csv),
    "json": Sample(f'instants = "epoch_ms"\ndurations = "ms"\n{PATHS}', b"", export.generic_json),
}
