"""Statements are split, and the data of an INSERT is found, whatever quotes and comments hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickhouse.sql_text import (
    SqlUnreadable,
    insert_head,
    named_format,
    returns_rows,
    statements,
)

PIECES = st.sampled_from(
    [
        "SELECT 1",
        "'a;b'",
        "'it''s; -- no'",
        r"'\'; \\'",
        '"c;d"',
        "`e;``f`",
        "/* ; /* ; */ ; */",
        "$$ ; ' $$",
        "$tag$ ; $$ ; $tag$",
        "(x; y)".replace(";", ","),
        "-- ; '\n",
        "# ; `\n",
    ]
)


@given(st.lists(st.lists(PIECES, min_size=1, max_size=5).map(" ".join), max_size=5))
def test_a_semicolon_inside_quotes_and_comments_does_not_split(parts: list[str]) -> None:
    parts = [f"SELECT {part} END" for part in parts]
    assert statements(" ;\n".join(parts) + " ; ;") == parts


@pytest.mark.parametrize("text", ["", " ; ", "-- only a comment", "/* a */ ; # b"])
def test_nothing_is_no_statement(text: str) -> None:
    assert statements(text) == []


@pytest.mark.parametrize("text", ["SELECT 'a", 'SELECT "a', "SELECT `a", "/* /* */", r"'\'"])
def test_an_open_quote_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(SqlUnreadable, match="opened at character"):
        statements(text)


@pytest.mark.parametrize(
    ("text", "sql", "fmt", "data"),
    [
        ("INSERT INTO t FORMAT CSV\n1,2", "INSERT INTO t", "CSV", "1,2"),
        ("insert into t format CSV 1,2", "insert into t", "CSV", "1,2"),
        ("INSERT INTO t (a, `format`) FORMAT TSV\r\n'", "INSERT INTO t (a, `format`)", "TSV", "'"),
        ("/* c */ INSERT INTO t -- FORMAT x\nFORMAT Native\n\n", None, "Native", "\n"),
        ("INSERT INTO t SETTINGS a = 1 FORMAT X", "INSERT INTO t SETTINGS a = 1", "X", ""),
        ("INSERT INTO FUNCTION f('FORMAT', format) FORMAT X\n$", None, "X", "$"),
    ],
)
def test_the_data_of_an_insert_begins_after_its_format(
    text: str, sql: str | None, fmt: str, data: str
) -> None:
    head = insert_head(text)
    assert head is not None
    assert (head.format, text[head.data_start :]) == (fmt, data)
    assert sql is None or head.sql == sql


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO t VALUES (1, 'FORMAT CSV')",
        "INSERT INTO t SELECT 1 FORMAT CSV",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        "SELECT 1 FORMAT CSV",
        "INSERT INTO t FORMAT",
        "INSERT INTO t",
        "",
    ],
)
def test_other_statements_bring_no_data(text: str) -> None:
    assert insert_head(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT 1 FORMAT JSON", ("SELECT 1 ", "JSON")),
        ("SELECT 1 FORMAT JSON SETTINGS a=1", ("SELECT 1  SETTINGS a=1", "JSON")),
        ("SELECT 1 format JSON;", ("SELECT 1 ;", "JSON")),
        ("SELECT format FROM t", None),
        ("SELECT 'FORMAT JSON'", None),
        ("SELECT (SELECT 1 FORMAT JSON)", None),
    ],
)
def test_the_output_format_is_found(text: str, found: tuple[str, str] | None) -> None:
    assert named_format(text) == found


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("SELECT 1", True),
        ("-- c\n(SELECT 1) UNION ALL (SELECT 2)", True),
        ("WITH x AS (SELECT 1) SELECT * FROM x", True),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", False),
        ("SHOW TABLES", True),
        ("CREATE TABLE t AS SELECT 1", False),
        ("INSERT INTO t SELECT 1", False),
        ("", False),
    ],
)
def test_asking_is_told_from_changing(text: str, asks: bool) -> None:
    assert returns_rows(text) is asks
