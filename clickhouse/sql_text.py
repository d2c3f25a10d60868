"""ClickHouse SQL as tokens: enough to split statements and to find where an INSERT's data begins.

Knows comments (nested ones too), quotes, heredocs and words. It never judges a statement: what it
cannot read it reports as `SqlUnreadable`, and what it can read is passed on unchanged.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, cast

Kind = Literal["word", "text", "symbol"]

_TOKEN: Final = re.compile(
    r"""(?P<skip>\s+|(?:--|\#[ !]|//)[^\n]*)
      | (?P<comment>/\*)
      | (?P<text>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*`
               | (?P<tag>\$\w*\$).*?(?P=tag))
      | (?P<word>\w[\w$]*)
      | (?P<symbol>.)""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_AFTER_FORMAT: Final = re.compile(r"[ \t\f]*\r?\n?")
_ASKING: Final = frozenset({"SELECT", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK"})
_NO_DATA: Final = frozenset({"SELECT", "VALUES", "WITH", "FROM", "WATCH"})


class SqlUnreadable(ValueError):
    """A quote or a comment is not closed; the message names the character it began at."""


class Token(NamedTuple):
    """A piece of SQL that is neither blank nor comment, and where it lies in the text."""

    kind: Kind
    text: str
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class InsertHead:
    """An INSERT whose data follows its FORMAT: the statement without it, and where data begins."""

    sql: str
    format: str
    data_start: int


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise SqlUnreadable(f"comment opened at character {start} is not closed")


def tokens(text: str) -> Iterator[Token]:
    """Walk over the text; depth counts open parentheses. Lazy: reads no further than asked."""
    at, depth = 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None, "the last alternative takes any character"
        if match.lastgroup == "comment":
            at = _comment_end(text, at)
            continue
        at = match.end()
        if match.lastgroup == "skip":
            continue
        found = match.group()
        kind = cast(Kind, match.lastgroup)
        if kind == "symbol" and found in "'\"`":
            raise SqlUnreadable(f"quote opened at character {match.start()} is not closed")
        if found == ")":
            depth -= 1
        yield Token(kind, found, match.start(), at, depth)
        if found == "(":
            depth += 1


def statements(text: str) -> list[str]:
    """Split at `;` outside quotes and comments; empty statements vanish. Raises SqlUnreadable."""
    found: list[str] = []
    start = end = -1
    for token in tokens(text):
        if token.kind == "symbol" and token.text == ";":
            if start >= 0:
                found.append(text[start:end])
            start = -1
        else:
            start = token.start if start < 0 else start
            end = token.end
    if start >= 0:
        found.append(text[start:end])
    return found


def insert_head(text: str) -> InsertHead | None:
    """Find `INSERT INTO ... FORMAT X` before data; None where no data of a format follows.

    Only the head is read: the data may hold anything. Raises SqlUnreadable.
    """
    walk = tokens(text)
    first = next(walk, None)
    if first is None or first.text.upper() != "INSERT":
        return None
    for token in walk:
        if token.kind != "word" or token.depth:
            continue
        if token.text.upper() in _NO_DATA:
            return None
        if token.text.upper() == "FORMAT":
            name = next(walk, None)
            if name is None or name.kind != "word":
                return None
            blank = _AFTER_FORMAT.match(text, name.end)
            assert blank is not None, "the pattern matches nothing too"
            return InsertHead(text[first.start : token.start].rstrip(), name.text, blank.end())
    return None


def from_file(head: str, path: str, data_format: str) -> str:
    """The INSERT of a head (InsertHead.sql) whose data is in a file. path: without quotes in it."""
    at, before = len(head), ""
    for token in tokens(head):
        if token.text.upper() == "SETTINGS" and before not in {"INTO", "TABLE", "."}:
            at = token.start
        before = token.text.upper()
    return f"{head[:at]} FROM INFILE '{path}' {head[at:]} FORMAT {data_format}"


def returns_rows(text: str) -> bool:
    """Whether the statement asks for rows (SELECT, SHOW, ...) rather than changes something."""
    words = (t.text.upper() for t in tokens(text) if t.kind == "word")
    first = next(words, "")
    return first in _ASKING or (first == "WITH" and "INSERT" not in words)


def named_format(text: str) -> tuple[str, str] | None:
    """Split `... FORMAT X [SETTINGS ...]` into the text without that clause, and X."""
    last = [token for token in tokens(text) if not token.depth]
    for at in range(len(last) - 2, -1, -1):
        if last[at].kind == "word" and last[at].text.upper() == "FORMAT":
            name = last[at + 1]
            after = last[at + 2].text.upper() if at + 2 < len(last) else ";"
            if name.kind == "word" and after in {";", "SETTINGS"}:
                return text[: last[at].start] + text[name.end :], name.text
            return None
    return None
