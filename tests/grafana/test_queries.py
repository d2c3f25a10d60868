"""Every query of every panel, variable and alert rule runs and returns rows."""

import re
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from clickhouse.queries import SETTINGS
from tests.grafana.files import Asked, every_query
from tests.grafana.macros import View, expand
from tests.grafana.seeded import Seeded

EVERY = every_query()
DIFFERENT = list({asked.text: asked for asked in EVERY if "$" in asked.text}.values())
"""each text once, without those that go by the server's clock alone"""


def ask(seeded: Seeded, sql: str, view: View | None = None) -> Any:
    """The answer to a query as Grafana would ask it."""
    text = expand(sql, view or seeded.view())
    return seeded.client.query(text, settings=SETTINGS)


def test_there_are_queries() -> None:
    assert len(EVERY) > 40


@pytest.mark.parametrize("asked", EVERY, ids=[asked.where for asked in EVERY])
def test_a_query_returns_rows(seeded: Seeded, asked: Asked) -> None:
    answer = ask(seeded, asked.text)
    assert answer.result_rows
    assert len(set(answer.column_names)) == len(answer.column_names)
    assert any(value not in (None, 0, "") for row in answer.result_rows for value in row)
    kinds = {kind.name for kind in answer.column_types}
    assert not [kind for kind in kinds if "Int128" in kind or "Decimal" in kind], (
        "no chart has these"
    )
    if asked.over_time:
        assert answer.column_names[0] == "time"
        times = [row[0] for row in answer.result_rows]
        assert times == sorted(times)


@pytest.mark.parametrize("asked", DIFFERENT, ids=[asked.where for asked in DIFFERENT])
def test_a_query_answers_for_one_customer_with_a_quote_in_its_name(
    seeded: Seeded, asked: Asked
) -> None:
    ask(seeded, asked.text, seeded.view(customer="o'neill", vendor="carrier-a"))


@pytest.mark.parametrize("asked", DIFFERENT, ids=[asked.where for asked in DIFFERENT])
def test_a_query_answers_while_there_is_nothing(seeded: Seeded, asked: Asked) -> None:
    long_ago = View(1_000, 2_000, 60, {"currency": "", "customer": ["x"], "vendor": ["x"]})
    ask(seeded, asked.text, long_ago)


def test_a_missing_column_is_noticed(seeded: Seeded) -> None:
    asked = EVERY[0]
    assert "received_at" in asked.text
    with pytest.raises(DatabaseError, match="received_when"):
        ask(seeded, asked.text.replace("received_at", "received_when"))


def test_what_reads_final_reads_only_days_that_have_such_calls() -> None:
    for asked in EVERY:
        merged = re.findall(r"FROM (?:charge|cdr) FINAL", asked.text)
        days = re.findall(r"toYYYYMMDD\(answered_at\) IN \(", asked.text)
        assert len(merged) == len(days), asked.where
