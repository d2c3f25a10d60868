"""Ported numbers from a file, and on the calls of a source."""

from pathlib import Path

import pytest

from billing.errors import FileRefused, OptionsRefused
from billing.mediation.switches import parse_ported, parse_sources
from streams.collect.options import intakes
from streams.collect.process import read_intakes

GOOD = b"lrn,number,since\n12125550000,12015551234,2020\n+12135550000,1310,2021\n"
SOURCES = """
[sources.a]
format = "json"
zone = "UTC"
[sources.a.fields]
call_id = "id"
called = "to"
customer = "who"
answered_at = "at"
duration = "s"
[sources.a.rules]
default_vendor = "vend"
[sources.a.collect]
directory = "{folder}"
ported = "{ported}"
"""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff", "p.csv: not UTF-8"),
        (b"number\n1\n", "p.csv:1: header lacks lrn"),
        (b"number,lrn\n1,x\n", "p.csv:2: lrn='x'"),
        (b"number,lrn\n,1\n", "p.csv:2: number=''"),
        (b"number,lrn\n1,2\n1,3\n", "p.csv:3: number='1': twice"),
        (b'number,lrn\n"1,2\n', "not CSV"),
    ],
)
def test_a_bad_table_is_refused_by_line_field_and_value(data: bytes, said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        parse_ported(data, "p.csv")


def test_the_calls_of_a_source_get_their_lrn(tmp_path: Path) -> None:
    (tmp_path / "ported.csv").write_bytes(GOOD)
    toml = tmp_path / "switches.toml"
    toml.write_text(SOURCES.format(folder=tmp_path, ported=tmp_path / "ported.csv"))
    (intake,) = read_intakes(toml)
    lines = b"".join(
        b'{"id":"%d","to":"%s","who":"acme","at":"2026-01-01T00:00:00Z","s":5}\n' % (n, to)
        for n, to in enumerate((b"+12015551234", b"13105550000", b"12015551235"))
    )
    taken = intake.reader().take(lines, 1, last=True)
    assert taken.dead == []
    assert taken.calls.column("lrn").to_pylist() == ["12125550000", "12135550000", ""]


def test_a_path_that_is_none_is_refused(tmp_path: Path) -> None:
    toml = SOURCES.format(folder=tmp_path, ported="ported.csv")
    with pytest.raises(OptionsRefused, match=r"sources\.a\.collect\.ported='ported.csv'"):
        intakes(parse_sources(toml, "t"), "t")
    (tmp_path / "t.toml").write_text(toml.replace('"ported.csv"', f'"{tmp_path}/none.csv"'))
    with pytest.raises(FileRefused, match=r"none\.csv: cannot be read"):
        read_intakes(tmp_path / "t.toml")
