"""The file of targets: TOML; an error names file, key and what is allowed."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from billing.errors import OptionsRefused

TARGETS_MAX: Final = 50
SECRET_CHARACTERS_MIN: Final = 16
Topic = Literal["fraud.alerts", "rerate.events"]


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to post, what, and how long to try."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://\S+$")]
    secret: Annotated[str, msgspec.Meta(min_length=SECRET_CHARACTERS_MIN)]
    """shared with the receiver, who checks signatures with it"""
    topics: tuple[Topic, ...] = ("fraud.alerts", "rerate.events")
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    """of one try"""
    give_up_after_s: Annotated[float, msgspec.Meta(gt=0, le=604_800)] = 3_600.0
    """age of a message beyond which it is not tried again; each is tried once"""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    targets: dict[str, Target]


def parse_targets(text: str, file: str) -> dict[str, Target]:
    """Targets by name. Raises OptionsRefused."""
    try:
        found = msgspec.convert(tomllib.loads(text), _File).targets
    except tomllib.TOMLDecodeError as error:
        raise OptionsRefused(f"{file}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise OptionsRefused(f"{file}: {error}") from None
    if not 0 < len(found) <= TARGETS_MAX:
        raise OptionsRefused(f"{file}: {len(found)} targets, allowed 1 to {TARGETS_MAX}")
    for name in found:
        # It becomes part of the name of a consumer group.
        if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
            raise OptionsRefused(f"{file}: targets.{name}: a name has a-z, 0-9 and -, up to 40")
    return found


def read_targets(path: str) -> dict[str, Target]:
    """The targets of a file. Raises OptionsRefused."""
    if not path:
        raise OptionsRefused("TOLLWIRE_WEBHOOKS names no file: where should messages be posted?")
    try:
        return parse_targets(Path(path).read_text(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsRefused(f"{path}: {error}") from None
