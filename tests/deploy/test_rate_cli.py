"""`tollwire rate` as an operator runs it: a real process, files in, files and a status out."""

from pathlib import Path

import pytest

from tests.deploy.offline import RATED, read_rows, tollwire, write_calls, write_decks


@pytest.mark.parametrize(
    ("calls", "out"),
    [("calls.csv", "out.jsonl"), ("calls.jsonl", "out.parquet"), ("calls.parquet", "out.csv")],
)
def test_every_format_gives_the_same_rows(calls: str, out: str, tmp_path: Path) -> None:
    sell, buy = write_decks(tmp_path)
    write_calls(tmp_path / calls)
    done = tollwire("rate", calls, "--sell", sell, "--buy", buy, "--out", out, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert read_rows(tmp_path / out) == RATED
    said = f"{out}: 8 calls = rated 5 + suspended 1 + dead 2; sell 1.362, buy 0.96, margin 0.402"
    assert said in done.stderr
    lines = (7, 8) if calls.endswith(".csv") else (6, 7)
    assert f"{calls}:{lines[0]}: called='44x': not a number" in done.stderr
    assert f"{calls}:{lines[1]}: duration_ms='604800001': allowed 0 to" in done.stderr
    assert not list(tmp_path.glob("*.part"))


def test_an_options_file_and_explain(tmp_path: Path) -> None:
    sell, _ = write_decks(tmp_path)
    calls = write_calls(tmp_path / "calls.csv")
    options = tmp_path / "options.toml"
    options.write_text('round = ["up", 2]\nanchor = "whole_call"\ncurrency = "EUR"\n')
    terms = ("--sell", sell, "--deck-options", options, "--out", "out.csv", "--explain", "mobile")
    done = tollwire("rate", calls, *terms, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row[0]: row for row in read_rows(tmp_path / "out.csv")}
    assert rows["mobile"][3:7] == ("0.72", "36", "447", "United Kingdom, mobile")
    assert rows["loss"][3:5] == ("0.02", "12"), "0.012 rounded up to cents"
    assert {row[7:] for row in rows.values()} == {("",) * 5}, "without a buy deck no buy columns"
    told = done.stdout.splitlines()
    assert told[0] == "call mobile, line 3"
    assert "  number '00447700900123' -> 447700900123" in told
    assert told[-1] == "  net, rounded up to 2 decimals: 0.72 EUR"


def test_a_bad_deck_is_refused_with_every_line_and_nothing_is_written(tmp_path: Path) -> None:
    sell, _ = write_decks(tmp_path)
    sell.write_text(sell.read_text() + "49,DE,-0.5,0,1,1\n33,FR,1,0,0,1\n")
    write_calls(tmp_path / "calls.csv")
    (tmp_path / "out.csv").write_text("of yesterday")
    done = tollwire("rate", "calls.csv", "--sell", "sell.csv", "--out", "out.csv", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: sell.csv:5: rate_per_min='-0.5': negative",
        "sell.csv:6: first_increment='0': whole seconds, 1 to 3600",
        "2 bad rows: nothing was loaded",
    ]
    assert (tmp_path / "out.csv").read_text() == "of yesterday"
    terms = ("--sell", "sell.csv", "--out", "out.csv", "--skip-bad-rows")
    done = tollwire("rate", "calls.csv", *terms, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "skipped sell.csv:5: rate_per_min='-0.5': negative" in done.stderr
    assert len(read_rows(tmp_path / "out.csv")) == 8


def test_classes_and_another_currency(tmp_path: Path) -> None:
    deck = "prefix,destination,rate_per_min,connect_fee,first_increment,next_increment,time_class\n"
    (tmp_path / "sell.csv").write_text(deck + "44,UK,0.5,0,1,1,\n44,UK,0.9,0,1,1,peak\n")
    (tmp_path / "fx.csv").write_text("from,to,rate,valid_from\nEUR,USD,1.25,2026-01-01\n")
    (tmp_path / "o.toml").write_text(
        'time_zone = "Europe/Berlin"\n[time_classes]\ndefault = "off"\n'
        'peak = ["mon-fri 11:00-12:00"]\n'
    )
    write_calls(tmp_path / "calls.csv")
    terms = ("--sell", "sell.csv", "--deck-options", "o.toml", "--out", "out.csv")
    money = ("--fx", "fx.csv", "--account-currency", "EUR", "--explain", "uk")
    done = tollwire("rate", "calls.csv", *terms, *money, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row[0]: row for row in read_rows(tmp_path / "out.csv")}
    assert rows["uk"][3:6] == ("0.72", "60", "44"), "11:00 in Berlin is peak: 0.9 / 1.25"
    assert (
        "  exchange rate: the inverse of EUR to USD 1.25, valid from 2026-01-01T00:00:00.000Z"
        in (done.stdout.splitlines())
    )
    assert done.stdout.splitlines()[-1].endswith("decimals: 0.72 EUR")
    (tmp_path / "fx.csv").write_text("from,to,rate,valid_from\nEUR,USD,1.25,2026-11-24\n")
    done = tollwire("rate", "calls.csv", *terms, *money, folder=tmp_path)
    assert done.stdout.splitlines()[-1] == "suspended: sell_fx_missing"
    rows = {row[0]: row for row in read_rows(tmp_path / "out.csv")}
    assert rows["uk"][1:3] == ("suspended", "sell_fx_missing")
    (tmp_path / "fx.csv").write_text("from,to,rate,valid_from\nEUR,USD,-1,2026-11-24\n")
    done = tollwire("rate", "calls.csv", *terms, *money, folder=tmp_path)
    assert done.stderr.splitlines()[0].startswith("error: fx.csv:2: rate='-1': not a decimal")
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv", "--sell", "sell.csv", "--out", "o.csv"), "nowhere.csv: no such file"),
        (("calls.csv", "--sell", "sell.csv"), "give --out FILE, or --explain CALL_ID"),
        (
            ("calls.csv", "--sell", "sell.csv", "--out", "o.csv", "--fx", "fx.csv"),
            "--fx FILE and --account-currency CODE go together",
        ),
        (("calls.csv", "--sell", "sell.csv", "--explain", "x"), "calls.csv: no call x"),
    ],
)
def test_an_error_is_one_line_and_a_status(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    write_decks(tmp_path)
    write_calls(tmp_path / "calls.csv")
    done = tollwire("rate", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == f"error: {said}"
    assert done.stdout == ""


@pytest.mark.parametrize("arguments", [("rate", "calls.csv"), ("rat",), ("rate", "--sel", "x")])
def test_a_mistyped_command_is_explained(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = tollwire(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr
