"""What the API says of decks: versions, drafts on their way, and what a draft would change."""

from typing import Annotated, Literal

from pydantic import Field

from dashboards.schemas import Money, Schema

Side = Literal["sell", "buy"]
Standing = Literal["scheduled", "in force", "superseded"]
State = Literal["draft", "checked", "published", "rejected"]


class VersionView(Schema):
    """A published version of a deck."""

    number: int
    deck: str
    side: Side
    currency: str
    coverage: str
    """full or partial"""
    valid_from_ms: int | None
    """None: always"""
    published_ms: int
    standing: Standing
    rates: int
    source: str
    """the file's name, or what else the rates came from"""


class DeckView(Schema):
    """A deck with its newest version."""

    deck: str
    side: Side
    versions: int
    newest: VersionView


class DeckList(Schema):
    """All decks, by side and name."""

    decks: list[DeckView]


class VersionList(Schema):
    """The versions of one deck, newest first."""

    versions: list[VersionView]


class StepView(Schema):
    """What was done to a draft."""

    what: str
    by: str
    at_ms: int
    why: str


class DraftView(Schema):
    """A version on its way; nothing is priced by it before it is published."""

    number: int
    deck: str
    side: Side
    currency: str
    coverage: str
    valid_from_ms: int | None
    state: State
    version: int | None
    """that it was published as"""
    rates: int
    bad_rows: int
    """of the file, that are not in it"""
    short_notice: int
    """increases sooner than agreed, when it was checked last"""
    source: str
    made_by: str
    steps: list[StepView]


class DraftList(Schema):
    """Drafts, newest first."""

    drafts: list[DraftView]


class WholeDraft(Schema):
    """A draft with how its file was read."""

    draft: DraftView
    problems: list[str]
    """the first 1,000: sheet, row, column, value, what to do"""
    notes: list[str]
    """what was detected or assumed"""
    odd: list[str]
    """what is odd beside the deck as it was"""
    layout: str
    """how the file was read, as a layout file; "" of our own format"""


class SumView(Schema):
    """Codes that belong together, with the calls of the last 30 days and what these cost."""

    name: str
    codes: int
    calls: int
    minutes: int
    """begun ones do not count"""
    old: Money
    new: Money
    delta: Money
    """what a month costs more"""


class ChangeView(Schema):
    """One code that changes; a price is None where there is none."""

    code: str
    destination: str
    kind: str
    effective_ms: int
    time_class: str
    origin_class: str
    old: str | None
    """price a minute, and the increments: `0.012 60/60`"""
    new: str | None
    calls: int
    delta: Money


class DiffView(Schema):
    """What a draft changes of its deck, weighed by the calls of the last 30 days."""

    deck: str
    side: Side
    currency: str
    valid_from_ms: int | None
    rules: list[str]
    """rules of the deck that change, as sentences"""
    kinds: list[SumView]
    whole: SumView
    destinations: list[SumView]
    """those that change, most money first, at most 50"""
    destinations_count: int
    changes: list[ChangeView]
    """most money first, at most 100"""
    changes_count: int
    unmatched_calls: int
    """calls of the month to numbers without a rate"""


class Reason(Schema):
    """Why something is done to a draft; needed for bad rows and short notice."""

    why: Annotated[str, Field(max_length=1_000, examples=["the new prices of December"])] = ""


class Refusal(Schema):
    """Why a draft is refused for good."""

    why: Annotated[str, Field(min_length=3, max_length=1_000, examples=["another file comes"])]


class PublishedDraft(Schema):
    """A draft that was published."""

    draft: DraftView
    already: bool
    """it was the deck's newest version already, and was handed over again"""
    late: list[str]
    """calls since its date that an earlier version has priced"""
    run: int | None
    """a re-rating drafted for these"""
