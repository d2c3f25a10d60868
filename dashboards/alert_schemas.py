"""What the API says of fraud alerts: a list, one with its evidence, and what people do about it."""

from typing import Annotated, Literal

from pydantic import Field

from dashboards.schemas import AlertRow, Money, Schema
from deploy.fraud_alerts import PersonSays

Act = Literal["", "throttle", "block_destination", "block_account"]


class AlertList(Schema):
    """Alerts told within a time, the newest first."""

    alerts: list[AlertRow]


class Blockable(Schema):
    """Something that could be blocked; kind: prefix, account or vendor."""

    kind: str
    value: str


class SampleCall(Schema):
    """A call of an incident; what it was sold for."""

    call_id: str
    switch: str
    calling: str
    called: str
    vendor: str
    answered_at: str
    duration_ms: int
    sell: Money


class Done(Schema):
    """Something that was done about an alert; by a person, the policy, or the watch."""

    at: str
    kind: str
    ordered_by: str
    value: str
    until_at: str
    note: str


class WholeAlert(Schema):
    """An incident as it was told last. Instants are ISO 8601 texts, "" = none."""

    id: str
    revision: int
    family: str
    subject_kind: str
    subject: str
    account: str
    currency: str
    severity: str
    since_at: str
    raised_at: str
    updated_at: str
    money: Money
    at_risk_per_h: Money
    reasons: list[str]
    evidence: dict[str, int]
    block: list[Blockable]
    done: str
    calls: list[SampleCall]
    calls_without_record: list[str]
    """sample calls that go on, or whose records are on their way: first halves of their ids"""
    actions: list[Done]


class Answer(Schema):
    """What a person says of an alert: fraud, and what to do about it ("" = the account's policy);
    or harmless, which lifts its blocks.
    """

    kind: PersonSays
    value: Act = ""
    note: Annotated[str, Field(min_length=3, max_length=500, examples=["a customer's campaign"])]


class Sent(Schema):
    """The answer is on its way to the watch."""

    account: str
