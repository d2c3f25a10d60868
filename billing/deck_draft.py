"""The life of a deck draft: what may follow what, and who may do it. Pure.

    draft -> checked -> published
       \\-> rejected <-/

Nothing prices calls before `published`. A check holds for the deck as it was then: when the deck
has got another version meanwhile, the draft must be checked again. Every step is kept with who,
when and why.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from billing.errors import TollwireError

REASON_MAX: Final = 1_000
"""characters"""
NOTICE_DAYS_MAX: Final = 365


class DraftRefused(TollwireError):
    """What was asked of a draft cannot be done; the message says why and what to do instead."""


class State(StrEnum):
    """Where a draft stands."""

    DRAFT = "draft"
    CHECKED = "checked"
    PUBLISHED = "published"
    REJECTED = "rejected"


class Agreement(NamedTuple):
    """What was agreed with a partner about one side; without one, nothing is asked."""

    partner: str
    side: str
    decks: tuple[str, ...]
    """the decks it is about"""
    notice_days: int = 0
    """how long before its date an increase must be known"""
    publish_by_another: bool = False
    """whoever made the draft cannot publish it"""
    four_eyes: bool = False
    """whoever made the draft cannot check it"""

    @property
    def wants_two(self) -> bool:
        """Whether one person alone cannot publish."""
        return self.publish_by_another or self.four_eyes


class Step(NamedTuple):
    """What was done to a draft."""

    what: str
    by: str
    at_ms: int
    why: str = ""


class Life(NamedTuple):
    """A draft's state, and how it came about."""

    state: State
    steps: tuple[Step, ...]
    newest: int = 0
    """the deck's newest version when it was checked; 0: none"""
    version: int = 0
    """that it was published as"""

    @property
    def maker(self) -> str:
        """Who made it."""
        return self.steps[0].by

    def last(self, what: str) -> Step | None:
        """The last step of a kind."""
        return next((step for step in reversed(self.steps) if step.what == what), None)


class Flaws(NamedTuple):
    """What is wrong with a draft, as its checker must know."""

    bad_rows: int = 0
    """rows of the file that are not in it"""
    short_notice: int = 0
    """increases that begin sooner than agreed"""


def made(by: str, at_ms: int, why: str = "") -> Life:
    """A new draft's life. Raises DraftRefused."""
    return Life(State.DRAFT, (_step("made", by, at_ms, why),))


def checked(
    life: Life,
    by: str,
    at_ms: int,
    why: str,
    newest: int,
    flaws: Flaws,
    agreement: Agreement | None,
) -> Life:
    """The draft, checked against the deck's newest version. Raises DraftRefused.

    Bad rows and short notice are let through with a reason only.
    """
    _open(life, "checked")
    if agreement and agreement.four_eyes and by == life.maker:
        raise DraftRefused(
            f"{by} made this draft: the agreement with {agreement.partner} wants another person "
            "to check it"
        )
    if flaws.bad_rows and not why:
        raise DraftRefused(
            f"{flaws.bad_rows:,} rows of the file are bad and not in the draft: correct the file, "
            "or give a reason for going on without them"
        )
    if flaws.short_notice and not why:
        days = agreement.notice_days if agreement else 0
        raise DraftRefused(
            f"{flaws.short_notice:,} increases begin sooner than the {days} days agreed: ask for "
            "another date, or give a reason for accepting them"
        )
    return life._replace(
        state=State.CHECKED,
        steps=(*life.steps, _step("checked", by, at_ms, why)),
        newest=newest,
    )


def published(
    life: Life, by: str, at_ms: int, newest: int, version: int, agreement: Agreement | None
) -> Life:
    """The draft, published as a version. Raises DraftRefused."""
    may_publish(life, by, newest, agreement)
    step = _step("published", by, at_ms, "")
    return life._replace(state=State.PUBLISHED, steps=(*life.steps, step), version=version)


def may_publish(life: Life, by: str, newest: int, agreement: Agreement | None) -> None:
    """Raises DraftRefused unless this person may publish the draft over this version."""
    if life.state is State.DRAFT:
        raise DraftRefused("the draft has not been checked: tollwire deck approve")
    _open(life, "published")
    if newest != life.newest:
        raise DraftRefused(
            f"the deck has got version {newest} since this draft was checked against "
            f"{life.newest or 'none'}: look at the difference and check it again"
        )
    if agreement and agreement.publish_by_another and by == life.maker:
        raise DraftRefused(
            f"{by} made this draft: the agreement with {agreement.partner} wants another person "
            "to publish it"
        )
    if agreement and agreement.four_eyes:
        check = life.last("checked")
        if check is not None and check.by == life.maker:
            raise DraftRefused(
                f"{check.by} made and checked this draft before the agreement with "
                f"{agreement.partner} wanted two people: have another person check it again"
            )


def rejected(life: Life, by: str, at_ms: int, why: str) -> Life:
    """The draft, rejected for good. Raises DraftRefused."""
    _open(life, "rejected")
    if life.steps[-1].what == "publishing":
        raise DraftRefused(
            "the draft is being published: publish it again to go on, or check it again before it "
            "is rejected"
        )
    if not why:
        raise DraftRefused("say why the draft is rejected: its maker must know")
    step = _step("rejected", by, at_ms, why)
    return life._replace(state=State.REJECTED, steps=(*life.steps, step))


def _open(life: Life, what: str) -> None:
    if life.state in (State.PUBLISHED, State.REJECTED):
        as_what = f" as version {life.version}" if life.version else ""
        raise DraftRefused(
            f"the draft was {life.state}{as_what} and cannot be {what}: make a new one"
        )


def _step(what: str, by: str, at_ms: int, why: str) -> Step:
    if not by.strip():
        raise DraftRefused(f"a draft is {what} by somebody: give a name")
    if len(why) > REASON_MAX:
        raise DraftRefused(f"a reason of {len(why):,} characters: at most {REASON_MAX:,}")
    return Step(what, by, at_ms, why)
