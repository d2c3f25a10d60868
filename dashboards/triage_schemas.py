"""What the API says of who looks after an alert, and what a person may say of it."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from dashboards.schemas import Schema
from dashboards.triage import AlertState, Step


class Triaged(Schema):
    """Who looks after an alert. Instants are ISO 8601 texts, "" = none."""

    alert: str
    severity: str
    """the alert's, now"""
    state: AlertState
    owner: str
    until_at: str
    """a shelved alert is open again then"""
    reason: str
    at: str
    """when it was said"""
    reopened: str
    """why it is open again, although somebody had taken it: "" if it is not"""
    tag: str
    """the ETag without its quotes"""


class TriageStep(Schema):
    """A step; shelve needs `until_at`, shelve and close need a reason."""

    step: Annotated[Step, Field(examples=["shelve"])]
    until_at: Annotated[AwareDatetime | None, Field(examples=["2026-05-04T16:00:00Z"])] = None
    reason: Annotated[str, Field(max_length=500, examples=["known test traffic until 16:00"])] = ""
