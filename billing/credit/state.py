"""An account's credit as people read it."""

from typing import Any, Final

from billing.credit.account import AccountBook
from billing.credit.session import overrun_nanos
from billing.money import format_nanos

_SHOWN: Final = ("prefix", "reason", "by", "until_ms", "source", "calls_per_min")
LATE_MS: Final = 5_000
"""From the end of a grant to the end of the call, as it is usual: report, decision, disconnect."""


def figures_of(book: AccountBook) -> dict[str, int]:
    """The book's money, nanos, and counts; free_nanos is 0 of an account without a limit."""
    active = [s for s in book.sessions.values() if s.active]
    return {
        "limited": int(book.limit is not None),
        "limit_nanos": book.limit.limit_nanos if book.limit else 0,
        "paid_nanos": book.paid_nanos,
        "spent_nanos": book.spent_nanos,
        "reserved_nanos": book.reserved_nanos,
        "free_nanos": book.free_nanos if book.limit else 0,
        "overrun_nanos": sum(overrun_nanos(s, LATE_MS) for s in active),
        "calls": book.active,
        "level": book.warned.level,
        "blocks": sum(block.active for block in book.blocks.values()),
    }


def state_of(book: AccountBook) -> dict[str, Any]:
    """`figures_of` with money as decimal texts, and the blocks."""
    figures = {
        name.removesuffix("_nanos"): format_nanos(value) if name.endswith("_nanos") else value
        for name, value in figures_of(book).items()
    }
    blocks = [
        {name: getattr(block, name) for name in _SHOWN}
        for block in book.blocks.values()
        if block.active
    ]
    currency = book.limit.currency if book.limit else ""
    return {"account": book.account, "currency": currency, **figures, "blocks": blocks}
