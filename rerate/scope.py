"""Which calls a run is about, as finance says it; one meaning has one text and one hash."""

import json
import re
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from billing.errors import TollwireError
from billing.instants import DAY_MS, format_instant_ms, parse_instant_ms

SIDES: Final = ("sell", "buy", "both")
STATUSES: Final = ("rated", "suspended", "any")
CALLS_MAX: Final = 20_000
"""of a scope that names its calls"""
_CODE: Final = re.compile(r"[0-9]{1,18}")
_CALL: Final = re.compile(r"[0-9a-f]{32}")


class ScopeRefused(TollwireError):
    """A scope that does not say what it must; the message names field and value."""


class Scope(NamedTuple):
    """Calls answered in a period; each list narrows it further, an empty one does not."""

    from_ms: int
    to_ms: int
    """exclusive"""
    side: str
    """which legs are rated again"""
    status: str
    customers: tuple[str, ...]
    vendors: tuple[str, ...]
    codes: tuple[str, ...]
    """dial codes that the called number begins with"""
    switches: tuple[str, ...]
    decks: tuple[str, ...]
    """of the side that is rated again: accounts that have one of these decks"""
    calls: tuple[str, ...]
    """cdr ids, 32 hexadecimal digits: a dispute"""
    restate: bool = False
    """whether invoiced calls are corrected like the others, instead of by an adjustment"""
    files: tuple[str, ...] = ()
    """collected files, by their ids of 32 hexadecimal digits: the calls they brought first"""
    withdraw: bool = False
    """whether the calls lose their price on both legs, instead of being rated again"""

    def canonical(self) -> str:
        """The scope as JSON, the same text for the same scope; `parse` reads it."""
        said: dict[str, Any] = {
            "from": format_instant_ms(self.from_ms),
            "to": format_instant_ms(self.to_ms),
            "side": self.side,
            "status": self.status,
            **{name: list(getattr(self, name)) for name in LISTS if getattr(self, name)},
            **({"restate": True} if self.restate else {}),
            **({"withdraw": True} if self.withdraw else {}),
        }
        return json.dumps(said, separators=(",", ":"))

    @property
    def days(self) -> range:
        """The days it touches, since 1970, UTC."""
        return range(self.from_ms // DAY_MS, -(-self.to_ms // DAY_MS))


LISTS: Final = ("customers", "vendors", "codes", "switches", "decks", "calls", "files")
FILES_MAX: Final = 1_000
"""of a scope that names files"""
_FIELDS: Final = ("from", "to", "side", "status", *LISTS, "restate", "withdraw")


def parse(said: Mapping[str, Any]) -> Scope:
    """The scope of a mapping: `from` and `to`, and what of the other fields is given.

    Lists may come in any order and with repeats. Raises ScopeRefused.
    """
    unknown = sorted(set(said) - set(_FIELDS))
    if unknown:
        raise ScopeRefused(f"scope: no field {unknown[0]}; there are {', '.join(_FIELDS)}")
    from_ms, to_ms = (_instant(name, said.get(name)) for name in ("from", "to"))
    if from_ms >= to_ms:
        shown = f"{format_instant_ms(from_ms)} to {format_instant_ms(to_ms)}"
        raise ScopeRefused(f"scope: {shown} is no period: it must end after it begins")
    lists = {name: _texts(name, said.get(name, ())) for name in LISTS}
    for name, pattern, what in (
        ("codes", _CODE, "a dial code of 1 to 18 digits"),
        ("calls", _CALL, "a call's id of 32 hexadecimal digits"),
        ("files", _CALL, "a file's id of 32 hexadecimal digits"),
    ):
        for text in lists[name]:
            if not pattern.fullmatch(text):
                raise ScopeRefused(f"scope: {name}: {text!r} is not {what}")
    if len(lists["calls"]) > CALLS_MAX:
        count = len(lists["calls"])
        raise ScopeRefused(f"scope: calls: {count:,} ids; at most {CALLS_MAX:,} in one run")
    if len(lists["files"]) > FILES_MAX:
        count = len(lists["files"])
        raise ScopeRefused(f"scope: files: {count:,} ids; at most {FILES_MAX:,} in one run")
    side = _word("side", said.get("side", "both"), SIDES)
    status = _word("status", said.get("status", "any"), STATUSES)
    restate, withdraw = (_flag(name, said.get(name, False)) for name in ("restate", "withdraw"))
    if withdraw and (side != "both" or status != "any" or not lists["files"]):
        raise ScopeRefused(
            "scope: withdraw: takes the calls of files off both sides: name the files, with side"
            " both and status any"
        )
    return Scope(from_ms, to_ms, side, status, **lists, restate=restate, withdraw=withdraw)


def preview_hash(scope: Scope, prices: str, watermark: str) -> str:
    """What a preview holds for: these calls, prices of this digest, data as of this watermark."""
    held = json.dumps([scope.canonical(), prices, watermark])
    return blake2b(held.encode(), digest_size=16).hexdigest()


def _instant(name: str, value: Any) -> int:
    if value is None:
        raise ScopeRefused(f"scope: {name} is missing: when does the period begin and end?")
    try:
        return parse_instant_ms(str(value))
    except ValueError as error:
        raise ScopeRefused(f"scope: {name}: {str(value)!r}: {error}") from None


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Collection):
        raise ScopeRefused(f"scope: {name}: {value!r} is not a list")
    for text in value:
        if not isinstance(text, str) or not text:
            raise ScopeRefused(f"scope: {name}: {text!r} is not a name")
    return tuple(sorted(set(value)))


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ScopeRefused(f"scope: {name}: {value!r}: true or false")
    return value


def _word(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ScopeRefused(f"scope: {name}: {value!r}: one of {', '.join(allowed)}")
    return str(value)
