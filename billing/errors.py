"""The tree of errors an operator sees.

TollwireError
├── BadField      one field of one record is wrong; usually carried as a value, not raised
├── RowsRefused   a file with bad rows: all of them, nothing was loaded
│   ├── DeckRefused
│   └── FxRefused
├── OptionsRefused  a TOML file (options, accounts, limits, rules) that does not say what it must
└── FileRefused   a file that cannot be read as what it claims to be

Bad CDRs are never raised: they become dead letters. A bug crashes.
"""

from dataclasses import dataclass

ERRORS_SHOWN_MAX = 100


class TollwireError(Exception):
    """Something the operator can mend; the message says where and how."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place of a file."""

    file: str
    line: int
    field: str
    value: str
    problem: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 80 else self.value[:77] + "..."
        return f"{self.file}:{self.line}: {self.field}={shown!r}: {self.problem}"


class BadField(TollwireError):
    """A field does not hold what it must; `reason` is the word counted in dead letters."""

    def __init__(self, reason: str, field: str, value: object, detail: str) -> None:
        shown = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        super().__init__(reason, field, shown, detail)
        self.reason, self.field, self.value, self.detail = reason, field, shown, detail

    def __str__(self) -> str:
        return f"{self.field}={self.value!r}: {self.detail}"


class RowsRefused(TollwireError):
    """A file has bad rows; it is refused as a whole."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        shown = [str(p) for p in problems[:ERRORS_SHOWN_MAX]]
        if len(problems) > ERRORS_SHOWN_MAX:
            shown.append(f"... and {len(problems) - ERRORS_SHOWN_MAX} more")
        super().__init__("\n".join([*shown, f"{len(problems)} bad rows: nothing was loaded"]))


class DeckRefused(RowsRefused):
    """A deck has bad rows."""


class FxRefused(RowsRefused):
    """A file of exchange rates has bad rows."""


class OptionsRefused(TollwireError):
    """A TOML file has an unknown key or a value that is not allowed."""


class FileRefused(TollwireError):
    """A file is missing, or is not of the kind it was given as."""
