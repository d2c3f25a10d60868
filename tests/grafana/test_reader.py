"""The rights that Grafana's user gets: enough for every query, and no more tables than that."""

import re

from clickhouse.sql_text import statements
from tests.grafana.files import FOLDER, every_query
from tests.grafana.seeded import Seeded

TEXT = (FOLDER / "reader.sql").read_text("utf-8")


def tables(seeded: Seeded) -> set[str]:
    """Every table of the database."""
    return {name for (name,) in seeded.client.query("SHOW TABLES").result_rows}


def test_rights_are_for_the_tables_that_are_asked(seeded: Seeded) -> None:
    known = tables(seeded)
    asked = {
        name
        for query in every_query()
        for name in re.findall(r"(?:FROM|JOIN) (\w+)", query.text)
        if name in known
    }
    granted = set(re.findall(r"ON tollwire\.(\w+)", TEXT))
    assert len(asked) > 5
    assert granted == asked


def test_columns_that_are_left_out_are_not_asked_for(seeded: Seeded) -> None:
    for table in ("dead_letter", "rate"):
        (listed,) = re.findall(rf"SELECT\(([^)]*)\)\s+ON tollwire\.{table}\b", TEXT)
        columns = {name.strip() for name in listed.split(",")}
        found = seeded.client.query(f"DESCRIBE TABLE {table}").result_rows
        others = {row[0] for row in found} - columns
        assert columns <= {row[0] for row in found}
        for query in every_query():
            if re.search(rf"FROM {table}\b", query.text) and not re.search(
                r"FROM (cdr|charge|receipt)\b", query.text
            ):
                assert not [name for name in others if re.search(rf"\b{name}\b", query.text)]


def test_statements_are_grammatical(seeded: Seeded) -> None:
    found = statements(TEXT)
    assert len(found) == 9
    for statement in found:
        assert seeded.client.query(f"EXPLAIN AST {statement}").result_rows
