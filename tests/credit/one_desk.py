"""One customer's desk, and what happens at it, for tests."""

from typing import Any

from billing.credit.call_events import CallEvent
from billing.credit.desk import Desk
from billing.credit.limits import Limit
from billing.credit.outcomes import Decision
from billing.credit.quote import Quote, Quotes
from billing.credit.session import Pace
from kernels.terms import Terms
from tests.credit.truth import NANOS, RULE

T = 1_700_000_000_000
MINUTE = Terms((NANOS, NANOS, 0, 60, 60), RULE, (1, 1))
SECOND = Terms((60 * NANOS, 60 * NANOS, 0, 1, 1), RULE, (1, 1))
"""One unit a second."""


def quotes(terms: Terms = SECOND, vendors: dict[str, Any] | None = None) -> Quotes:
    return Quotes(Quote(terms, "USD", "Germany"), "", vendors or {})


def event(kind: Any, call_id: str = "c1", **more: Any) -> CallEvent:
    made = CallEvent(kind, "sw", call_id, "", "acme", "vend", "", "44", "4930", T, 0, 0)
    return made._replace(**more)


def desk(limit: int = 100, **caps: Any) -> Desk:
    made = Desk(Pace())
    made.limit(Limit("customer", "acme", "USD", limit * NANOS, **caps))
    return made


def ask(
    made: Desk, call_id: str = "c1", terms: Terms = SECOND, at: int = T, **more: Any
) -> Decision:
    call = event("start", call_id, **more)
    return made.calls.authorize(call, call_id, quotes(terms), at)


def hear(made: Desk, kind: Any, at: int, terms: Terms = SECOND, **more: Any) -> None:
    told = event(kind, **{"at_ms": at, **more})
    made.calls.hear(told, told.call_id, lambda: quotes(terms), at)


def said(made: Desk, kind: type) -> list[Any]:
    return [o for o in made.journal.taken()[1] if isinstance(o, kind)]
