"""What a public topic's message is: the code's own type, and what has to be said beyond it.

The words about a field stand in the files `of_*.py` and nowhere else; name, type and limits come
from the type itself.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

import pyarrow as pa

from billing.errors import TollwireError
from billing.instants import INSTANT_MS_MAX

INSTANT: Final = "milliseconds since 1970-01-01T00:00:00Z"
NANOS: Final = "nanos: 10^-9 of the currency's unit"
SECONDS: Final = "seconds"
MILLISECONDS: Final = "milliseconds"
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

Sender = Literal["platform", "others", "both"]
"""who writes the topic; both: a person's tools and the platform itself"""


class ContractError(TollwireError):
    """The contract cannot be written as it is; the message says what to do."""


class Field(NamedTuple):
    """What is said of a field beyond its name and type."""

    meaning: str
    unit: str = ""
    values: tuple[str, ...] = ()
    """all the words it may hold; () = any text"""
    pattern: str = ""
    """of a text, a regular expression"""
    low: int | None = None
    high: int | None = None
    null_when: str = ""
    """when it is null; "" = never"""
    since: int = 1
    """the first version of the message that has it; those before lack it"""


class JsonMessage(NamedTuple):
    """Messages that are one JSON object."""

    topic: str
    version: int
    name: str
    sender: Sender
    key: str
    summary: str
    type: type
    """a NamedTuple or a msgspec Struct of the code"""
    fields: Mapping[str, Field]
    """every field of the type; those of a nested type as "Type.field" """
    samples: Callable[[], list[bytes]]
    """as the code's own encoder writes them"""
    other_types: Mapping[str, Any] = {}
    """fields that are something else on the wire than in the type, or on the wire only"""
    many_max: int = 0
    """above 0: a message may also be a list of up to so many"""


class ArrowMessage(NamedTuple):
    """Messages that are one Arrow IPC stream of rows."""

    topic: str
    version: int
    name: str
    sender: Sender
    key: str
    summary: str
    schema: pa.Schema
    fields: Mapping[str, Field]
    rows_max: int = 0
    """of one message; 0: as many as its bytes allow"""


Message = JsonMessage | ArrowMessage


def instant(meaning: str, low: int = 0) -> Field:
    """A field that is an instant."""
    return Field(meaning, INSTANT, low=low, high=INSTANT_MS_MAX)


def money(meaning: str, null_when: str = "") -> Field:
    """A field that is an amount of the account's currency."""
    return Field(meaning, NANOS, low=INT64_MIN, high=INT64_MAX, null_when=null_when)
