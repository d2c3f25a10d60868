"""Rating a file, step by step: odd files, damaged files, and files that must not be touched."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from billing import call_file
from billing.deck import DeckOptions, parse_options
from billing.errors import DeckRefused, FileRefused, OptionsRefused
from deploy.files import read_file, read_options
from deploy.rate_file import Offline, Summary, compile_decks, explain_call, rate_file
from tests.deploy.offline import AT, RATED, read_rows, write_calls, write_decks

HEADER = "call_id,answered_at,called,duration_s"


@pytest.fixture
def decks(tmp_path: Path) -> Offline:
    return compile_decks(*write_decks(tmp_path), DeckOptions(), skip_bad_rows=False)


def rated(calls: Path, out: Path, decks: Offline) -> tuple[Summary, list[str]]:
    """(sums, messages about bad rows)."""
    said: list[str] = []
    return rate_file(calls, out, decks, 1, said.append, lambda _: None), said


def statuses(calls: Path, decks: Offline) -> list[tuple[str, str]]:
    """(call id, status) of every row."""
    out = calls.with_name("out.csv")
    rated(calls, out, decks)
    return [row[:2] for row in read_rows(out)]  # type: ignore[misc]


def csv_calls(folder: Path, *lines: str | bytes, header: str = HEADER) -> Path:
    path = folder / "calls.csv"
    parts = [line.encode() if isinstance(line, str) else line for line in (header, *lines)]
    path.write_bytes(b"\n".join(parts) + b"\n")
    return path


def test_sums(decks: Offline, tmp_path: Path) -> None:
    total, said = rated(write_calls(tmp_path / "c.csv"), tmp_path / "o.csv", decks)
    assert total == Summary(8, 5, 1, 2, 1_362_000_000, 960_000_000)
    assert len(said) == 2


def test_batches_follow_each_other(
    decks: Offline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 3, 8, 9):
        monkeypatch.setattr(call_file, "BATCH_CALLS", size)
        for suffix in ("csv", "jsonl", "parquet"):
            out = tmp_path / f"o.{suffix}"
            total, _ = rated(write_calls(tmp_path / f"c.{suffix}"), out, decks)
            assert total.calls == 8
            assert read_rows(out) == RATED


def test_a_file_without_calls(decks: Offline, tmp_path: Path) -> None:
    total, _ = rated(csv_calls(tmp_path), tmp_path / "o.csv", decks)
    assert total == Summary(0, 0, 0, 0, 0, 0)
    assert read_rows(tmp_path / "o.csv") == []


def test_other_columns_are_left_alone_even_with_lines_in_them(
    decks: Offline, tmp_path: Path
) -> None:
    lines = (f'a,{AT},4420,60,"one\ntwo"', f'b,{AT},4420,60,"x, ""y"""', f"c,{AT},4420,60,")
    found = statuses(csv_calls(tmp_path, *lines, header=HEADER + ",note"), decks)
    assert found == [("a", "rated"), ("b", "rated"), ("c", "rated")]


def test_a_quote_left_open_takes_no_other_call_with_it(decks: Offline, tmp_path: Path) -> None:
    lines = [f"c{n},{AT},4420,60" for n in range(2_000)]
    lines[3] = f'c3,{AT},"4420,60'
    lines[5] = f'c5,{AT},4420,"60'
    lines[1_900] = f'c1900,{AT},44"20,60'
    calls = csv_calls(tmp_path, *lines)
    _, said = rated(calls, tmp_path / "o.csv", decks)
    found = [row[1] for row in read_rows(tmp_path / "o.csv")]
    assert [n for n, status in enumerate(found) if status != "rated"] == [3, 5, 1_900]
    assert len(found) == 2_000
    assert [line.split(":")[1] for line in said] == ["5", "7", "1902"]


def test_a_field_without_end(decks: Offline, tmp_path: Path) -> None:
    long = f"b,{AT},{'4' * 200_000},60"
    found = statuses(csv_calls(tmp_path, f"a,{AT},44,60", long, f"c,{AT},44,60"), decks)
    assert [status for _, status in found] == ["rated", "dead", "rated"]


def test_rows_of_the_wrong_width_and_blank_ones(decks: Offline, tmp_path: Path) -> None:
    lines = (f"a,{AT},4420,60", "", f"b,{AT},4420", f"c,{AT},4420,60,", ",,,", "  ")
    _, said = rated(csv_calls(tmp_path, *lines), tmp_path / "o.csv", decks)
    assert [row[1] for row in read_rows(tmp_path / "o.csv")] == ["rated", "dead", "dead", "dead"]
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in said] == ["4", "5", "7"]


def test_bytes_that_are_no_text(decks: Offline, tmp_path: Path) -> None:
    lines = (b"\xff1," + AT.encode() + b",4420,60", b"b," + AT.encode() + b",44\x0020,60")
    found = statuses(csv_calls(tmp_path, *lines), decks)
    assert [status for _, status in found] == ["rated", "dead"]


def test_a_byte_order_mark(decks: Offline, tmp_path: Path) -> None:
    calls = csv_calls(tmp_path, f"a,{AT},4420,60", header="\ufeff" + HEADER)
    assert statuses(calls, decks) == [("a", "rated")]


def test_json_lines_that_are_no_calls(decks: Offline, tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    good = f'{{"call_id":"a","answered_at":"{AT}","called":4420,"duration_s":60.5}}'
    bad = ["{", "[]", "5", '{"call_id":"b"}', "\udcff", good.replace("60.5", "1e400")]
    bad += ['{"x":' + "[" * 100_000, good.replace("60.5", "9" * 5_000)]
    text = "\n".join([good, "", *bad, good])
    calls.write_bytes(text.encode(errors="surrogateescape"))
    found = [status for _, status in statuses(calls, decks)]
    assert found == ["rated", *["dead"] * len(bad), "rated"]


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "an unknown kind": ("calls.xlsx", b"PK", "expected .csv, .jsonl or .parquet"),
    "no header": ("calls.csv", b"", "lacks the columns call_id, answered_at, called"),
    "missing columns": (
        "calls.csv",
        b"call_id,called\n",
        "lacks the columns answered_at, duration",
    ),
    "no Parquet": ("calls.parquet", b"PAR1 or not", "not Parquet"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_of_no_calls_leaves_the_output_as_it_was(
    what: str, decks: Offline, tmp_path: Path
) -> None:
    name, data, said = REFUSED[what]
    calls, out = tmp_path / name, tmp_path / "out.csv"
    calls.write_bytes(data)
    out.write_text("of yesterday")
    with pytest.raises(FileRefused, match=rf"{name}.*{said}"):
        rated(calls, out, decks)
    assert out.read_text() == "of yesterday"
    assert not list(tmp_path.glob("*.part"))


def test_a_damaged_parquet_file(decks: Offline, tmp_path: Path) -> None:
    calls = tmp_path / "calls.parquet"
    columns = {name: [f"{name}{n}" for n in range(5_000)] for name in ("call_id", "called")}
    table = pa.table({**columns, "answered_at": [AT] * 5_000, "duration_ms": [5] * 5_000})
    pq.write_table(table, calls, compression="gzip")
    data = bytearray(calls.read_bytes())
    data[40:400] = b"\xff" * 360
    calls.write_bytes(data)
    with pytest.raises(FileRefused, match=r"calls.parquet: (damaged|not Parquet)"):
        rated(calls, tmp_path / "out.csv", decks)
    assert not (tmp_path / "out.csv").exists()


def test_a_parquet_column_of_no_use(decks: Offline, tmp_path: Path) -> None:
    calls = tmp_path / "calls.parquet"
    pq.write_table(
        pa.table({"call_id": ["a"], "called": [["44"]], "answered_at": [AT], "duration_ms": [5]}),
        calls,
    )
    with pytest.raises(FileRefused, match=r"calls.parquet: column called of type list"):
        rated(calls, tmp_path / "out.csv", decks)


@pytest.mark.parametrize("name", ["calls.csv", "sell.csv", "buy.csv", "link.csv"])
def test_a_file_that_is_read_is_not_written(name: str, decks: Offline, tmp_path: Path) -> None:
    calls = write_calls(tmp_path / "calls.csv")
    (tmp_path / "link.csv").symlink_to(calls)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(FileRefused, match="is read by this run"):
        rated(calls, tmp_path / name, decks)
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("name", ["out.xlsx", "nowhere/out.csv", "."])
def test_an_output_that_cannot_be_written(name: str, decks: Offline, tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        rated(write_calls(tmp_path / "calls.csv"), tmp_path / name, decks)


def test_explain_of_each_outcome(decks: Offline, tmp_path: Path) -> None:
    calls = write_calls(tmp_path / "calls.csv")
    told = {name: explain_call(calls, name, decks) for name in ("uk", "nowhere", "broken")}
    assert told["uk"][-1] == "margin: 0.31 USD"
    assert told["nowhere"][-1] == "suspended: sell_rate_missing"
    assert told["broken"] == [
        "call broken: no price",
        "  line 7: called='44x': not a number: digits, '+' or '00' in front",
    ]
    with pytest.raises(FileRefused, match="no call stranger"):
        explain_call(calls, "stranger", decks)


def test_a_deck_refused_on_either_side(tmp_path: Path) -> None:
    sell, buy = write_decks(tmp_path)
    buy.write_text(buy.read_text() + "9,X,-1,0,1,1\n")
    with pytest.raises(DeckRefused, match=r"buy.csv:4: rate_per_min='-1': negative"):
        compile_decks(sell, buy, DeckOptions(), skip_bad_rows=False)
    skipped = compile_decks(sell, buy, DeckOptions(), skip_bad_rows=True)
    assert [str(p).split(": ")[0] for p in skipped.problems] == [f"{buy}:4"]
    with pytest.raises(FileRefused, match=r"nowhere.csv: No such file"):
        compile_decks(tmp_path / "nowhere.csv", None, DeckOptions(), skip_bad_rows=False)


def test_options_come_from_a_file_and_a_currency_goes_before_it(tmp_path: Path) -> None:
    path = tmp_path / "o.toml"
    path.write_text('currency = "EUR"\nround = ["up", 4]\n')
    assert read_options(None, None) == DeckOptions()
    assert read_options(path, None) == parse_options(path.read_text(), "o.toml")
    assert read_options(path, "GBP").currency == "GBP"
    assert read_options(path, "GBP").round_decimals == 4
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(OptionsRefused, match="not UTF-8"):
        read_options(path, None)
    with pytest.raises(FileRefused, match="No such file"):
        read_options(tmp_path / "nowhere.toml", None)
    with pytest.raises(FileRefused, match="Is a directory"):
        read_file(tmp_path)
