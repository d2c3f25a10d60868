"""What the API says of re-ratings: runs, their scope, their money, and what may be done next."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dashboards.schemas import Money, Schema

Leg = Literal["sell", "buy"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Code = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
NAMES_MAX = 200
CALLS_MAX = 20_000
Names = Annotated[list[Name], Field(default_factory=list, max_length=NAMES_MAX)]


class Instead(Schema):
    """A deck that prices the accounts of another one in this run only."""

    side: Leg
    deck: Name
    by: Name


class ScopeSent(Schema):
    """Calls answered in a period; each list narrows it further, an empty one does not."""

    model_config = ConfigDict(populate_by_name=True)

    since: Annotated[str, Field(alias="from", max_length=40, examples=["2026-11-01T00:00:00Z"])]
    to: Annotated[str, Field(max_length=40, examples=["2026-12-01T00:00:00Z"])]
    side: Literal["sell", "buy", "both"] = "both"
    status: Literal["rated", "suspended", "any"] = "any"
    customers: Names
    vendors: Names
    codes: Annotated[list[Code], Field(default_factory=list, max_length=NAMES_MAX)]
    """that the called number begins with"""
    switches: Names
    decks: Names
    """accounts that have one of these"""
    calls: Annotated[list[Id], Field(default_factory=list, max_length=CALLS_MAX)]
    """a dispute: the calls' ids"""
    restate: bool = False
    """whether invoiced calls are corrected like the others, instead of by an adjustment"""
    instead: Annotated[list[Instead], Field(default_factory=list, max_length=20)]
    note: Annotated[str, Field(max_length=1_000, examples=["the dispute of November"])] = ""


class RunView(Schema):
    """A run of bulk re-rating."""

    number: int
    state: str
    paused: bool
    from_ms: int
    to_ms: int
    scope: dict[str, str | bool | list[str]]
    """as it is kept"""
    instead: list[Instead]
    note: str
    delta: str
    """what its preview found, as the approver types it; "" before"""
    made_by: str
    made_ms: int
    submitted_by: str
    approved_by: str


class RunList(Schema):
    """Runs, newest first; `next` is the cursor of the page after, None on the last one."""

    runs: list[RunView]
    next: int | None


class LineView(Schema):
    """Legs that belong together, priced as they are now and as the run would."""

    leg: Leg
    currency: str
    name: str
    """of an account, a destination, a day; "" = all"""
    legs: int
    changed: int
    newly_rated: int
    no_longer_rated: int
    suspended: int
    """rated neither way"""
    old: Money
    new: Money
    delta: Money


class LargestView(Schema):
    """A call whose money would change most."""

    call: str
    leg: Leg
    currency: str
    old: Money
    new: Money
    delta: Money


class MarginView(Schema):
    """What the margin changes by in one currency."""

    currency: str
    delta: Money


class PostedView(Schema):
    """What the run has changed, by its ledger."""

    leg: Leg
    currency: str
    legs: int
    delta: Money


class Told(Schema):
    """Something that somebody did to the run in the console."""

    at_ms: int
    by: str
    what: str
    why: str


class RunProgress(Schema):
    """How far a run is."""

    run: RunView
    running: bool
    chunks: int
    chunks_done: int
    calls: int
    calls_done: int
    trouble: str
    """why it does not go on, "" = it does"""


class WholeRun(RunProgress):
    """A run with its money and how far it is."""

    may: list[str]
    """what could be done with it as it stands; by whom is another question"""
    totals: list[LineView]
    margins: list[MarginView]
    accounts: list[LineView]
    """most money first, at most 50 of each leg and currency"""
    destinations: list[LineView]
    days: list[LineView]
    largest: list[LargestView]
    posted: list[PostedView]
    told: list[Told]
    """oldest first"""


class RunReason(Schema):
    """Why something is done to a run."""

    why: Annotated[str, Field(max_length=1_000, examples=["as agreed with acme"])] = ""


class Submission(RunReason):
    """allow_suspending: also if calls lose their price by the run."""

    allow_suspending: bool = False


class Approval(RunReason):
    """The delta of the preview, typed by whoever approves."""

    delta: Annotated[str, Field(max_length=400, examples=["sell -1.5 USD"])]
