"""Every setting refuses a bad value, by name, in every process; a misspelt one is found."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import PROCESSES
from deploy.runtime.settings import Settings, SettingsError, load_settings

CLI = [sys.executable, "-m", "deploy.cli"]
BAD = {
    "broker": ["", "localhost", "a:1,", "a:99999", "a:b", "http://a:1"],
    "clickhouse": [
        *("", "localhost:8123", "ftp://a:1", "http://a:b"),
        *("http://a:0", "http://a:70000", "http://a:1/db"),
    ],
    "clickhouse_user": ["", "a\nb"],
    "clickhouse_password": ["se\ncret"],
    "database": ["", "a-b", "1a", "a;b", "x" * 64],
    "console": ["", "8000", "a:0", "a:1,b:2"],
    "rater_metrics": ["", "9101", "a:0", "a:1,b:2"],
    "controls": ["", "9103", "a:0", "a:1,b:2"],
    "controls_url": ["here", "ftp://a", "http://a b"],
    "controls_metrics": ["", "9103", "a:0", "a:1,b:2"],
    "fraud_metrics": ["", "9105", "a:0", "a:1,b:2"],
    "collect": ["", "8002", "a:0", "a:1,b:2"],
    "collect_metrics": ["", "9106", "a:0", "a:1,b:2"],
    "collect_dir": [__file__],
    "fraud_rules": ["nowhere.toml", "/"],
    "webhooks": ["nowhere.toml", "/"],
    "webhooks_metrics": ["", "9107", "a:0", "a:1,b:2"],
    "rerate_metrics": ["", "9104", "a:0", "a:1,b:2"],
    "documents": ["x", "sqlite://", "mysql://a/b"],
    "raters": ["9101", "a:1,", "a:1 b:2"],
    "data_dir": [__file__],
    "oidc_issuer": ["example.com", "ftp://a", "https://a b"],
    "oidc_audience": ["a b"],
    "oidc_roles_claim": ["", "a b"],
    "oidc_partner_claim": ["", "a b"],
    "session_idle_min": ["0", "1441", "x"],
    "session_hours": ["0", "169", "x"],
    "partitions": ["0", "1025", "four", "1.5", ""],
    "replication": ["0", "6", "x"],
    "kernel_threads": ["-1", "1025", "all"],
    "linger_ms": ["0", "10001", "20ms"],
    "fetch_wait_ms": ["0", "10001", "x"],
    "store_linger_ms": ["0", "10001", "x"],
    "dedupe_calls": ["399999", "268435457", "1e6"],
    "dedupe_window_h": ["0", "169", "x"],
    "dead_bytes_per_s": ["-1", "4194305", "1MB"],
    "dead_flood_records": ["-1", "x"],
    "dead_flood_percent": ["-1", "101", "nan"],
    "rebalance_timeout_s": ["1.9", "601", "nan", "x"],
    "rerate_chunk_calls": ["99", "1000001", "x"],
    "traffic_cps": ["0", "-1", "5001", "nan", "inf"],
    "log_level": ["", "debug", "LOUD"],
}


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without settings."""
    for name in [name for name in os.environ if name.startswith("TOLLWIRE_")]:
        monkeypatch.delenv(name)


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return f"TOLLWIRE_{field.upper()}"


def test_no_setting_is_left_out() -> None:
    assert set(BAD) == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD.items() for value in values]
)
def test_a_bad_value_is_refused_by_name(
    field: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable(field), value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    said = str(refused.value)
    named, _, allowed = said.partition(": ")
    shown = "***" if field == "clickhouse_password" else repr(value)
    assert named == f"{variable(field)}={shown}"
    assert len(said.splitlines()) == 1
    assert allowed.startswith(("expected", "Input should be", "String should"))


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWIRE_PARTITIONS", "0")
    monkeypatch.setenv("TOLLWIRE_LOG_LEVEL", "LOUD")
    monkeypatch.setenv("TOLLWIRE_BROKR", "a:1")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    named = [line.partition("=")[0].partition(":")[0] for line in str(refused.value).splitlines()]
    assert named == ["TOLLWIRE_BROKR", "TOLLWIRE_PARTITIONS", "TOLLWIRE_LOG_LEVEL"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TOLLWIRE_BROKER_URL", "no such setting; did you mean TOLLWIRE_BROKER?"),
        ("TOLLWIRE_LINGER", "no such setting; did you mean TOLLWIRE_LINGER_MS?"),
        ("tollwire_partition", "no such setting; did you mean TOLLWIRE_PARTITIONS?"),
        ("TOLLWIRE_XYZZY_QUUX_FROTZ", "no such setting"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_nearest_name(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == f"{name}: {said}"


def test_good_values_and_what_is_not_ours_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWIRE_BROKER", "a:1,b.example:9092,[::1]:3")
    monkeypatch.setenv("TOLLWIRE_CLICKHOUSE", "https://[::1]:8443/")
    monkeypatch.setenv("TOLLWIRE_RATERS", "")
    monkeypatch.setenv("TOLLWIRE_TEST_KAFKA", "/somewhere")
    monkeypatch.setenv("TOLLWIRELESS", "1")
    found = load_settings()
    assert (found.broker, found.raters) == ("a:1,b.example:9092,[::1]:3", "")
    assert found.data_dir == Path("data")


@pytest.mark.parametrize("process", PROCESSES)
def test_no_process_starts_with_a_bad_setting(process: str) -> None:
    wrong = {"TOLLWIRE_PARTITIONS": "many", "TOLLWIRE_BROKR": "a:1"}
    done = subprocess.run(
        [*CLI, "serve", process],
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == "error: TOLLWIRE_BROKR: no such setting; did you mean TOLLWIRE_BROKER?"
    assert second.startswith("TOLLWIRE_PARTITIONS='many': Input should be a valid integer")


def test_the_guide_has_each_setting_once_in_its_table() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
    table = guide.split("\n## Settings\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| (TOLLWIRE_[A-Z_]+)(?:, (_[A-Z]+))? \|", table, re.MULTILINE)
    names = [name for name, _ in found]
    names += [name.rsplit("_", 1)[0] + more for name, more in found if more]
    assert sorted(names) == sorted(f"TOLLWIRE_{name.upper()}" for name in Settings.model_fields)
