"""The rules by which a sell deck is made, from a TOML file (docs/deck-life.md).

Amounts are exact: nanos a minute, and per cent as a fraction.
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final, NamedTuple

from billing.cdr import normalise
from billing.errors import OptionsRefused
from billing.instants import parse_instant_ms
from billing.money import format_nanos, parse_currency, parse_nanos
from kernels.layout import DECIMALS_MAX, INCREMENT_S_MAX, RATE_NANOS_MAX, ROUNDINGS

DECKS_MAX: Final = 200
MARGINS_MAX: Final = 1_000
PATTERNS_MAX: Final = 1_000
DEPTH_MAX: Final = 16
SAMPLE_CALLS_MAX: Final = 64
SAMPLE_S_MAX: Final = 86_400
PERCENT_MAX: Final = 1_000
TAKES: Final = ("nth", "average")
TOO_FEW: Final = ("block", "use_fewer")
"""what becomes of a code that fewer vendors than `depth` have"""


class Margin(NamedTuple):
    """What is put on top of the buy rate of a group of destinations."""

    destinations: tuple[str, ...]
    """patterns with * and ?; with prefixes: one of either must fit; neither: all"""
    prefixes: tuple[str, ...]
    percent: Fraction
    fixed_nanos: int
    least_nanos: int
    """the margin is at least this"""
    most_nanos: int | None
    """and at most this"""


class MarginRules(NamedTuple):
    """How a sell deck is made."""

    deck: str
    currency: str
    valid_from_ms: int
    first_increment_s: int
    next_increment_s: int
    round_mode: str
    round_decimals: int
    buy_decks: tuple[str, ...]
    """in the order in which their names of destinations count"""
    take: str
    depth: int
    too_few: str
    sample_s: tuple[int, ...]
    """the calls by which vendors are compared"""
    margins: tuple[Margin, ...]
    """the first one that fits counts"""


def parse_rules(text: str, file: str) -> MarginRules:
    """Rules of a TOML text. Raises OptionsRefused naming file, key and value."""
    try:
        return _rules(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise OptionsRefused(f"{file}: {error}") from None


def _rules(said: Mapping[str, Any]) -> MarginRules:
    _known("", said, ("sell", "buy", "round", "margin"))
    sell, buy, rounding = (_table(said, name) for name in ("sell", "buy", "round"))
    names = ("deck", "currency", "valid_from", "first_increment", "next_increment")
    _known("sell.", sell, names)
    _known("buy.", buy, ("decks", "take", "depth", "too_few", "sample_s"))
    _known("round.", rounding, ("mode", "decimals"))
    margins = said.get("margin")
    if not isinstance(margins, list) or not 1 <= len(margins) <= MARGINS_MAX:
        raise ValueError(f"margin: 1 to {MARGINS_MAX} tables [[margin]] are needed")
    decks = buy.get("decks", [])
    if not _texts(decks) or not 1 <= len(decks) <= DECKS_MAX or len(set(decks)) != len(decks):
        raise ValueError(f"buy.decks={decks!r}: expected a list of different buy decks")
    return MarginRules(
        _text("sell.deck", sell.get("deck")),
        _said("sell.currency", sell.get("currency", "USD"), parse_currency),
        _said("sell.valid_from", sell.get("valid_from"), parse_instant_ms),
        _whole("sell.first_increment", sell.get("first_increment", 1), 1, INCREMENT_S_MAX),
        _whole("sell.next_increment", sell.get("next_increment", 1), 0, INCREMENT_S_MAX),
        _word("round.mode", rounding.get("mode", "up"), ROUNDINGS),
        _whole("round.decimals", rounding.get("decimals", 4), 0, DECIMALS_MAX),
        tuple(decks),
        _word("buy.take", buy.get("take", "nth"), TAKES),
        _whole("buy.depth", buy.get("depth", 1), 1, DEPTH_MAX),
        _word("buy.too_few", buy.get("too_few", "block"), TOO_FEW),
        _sample(buy.get("sample_s", [60])),
        tuple(_margin(f"margin {i}", own) for i, own in enumerate(margins, 1)),
    )


def _margin(where: str, said: Any) -> Margin:
    if not isinstance(said, dict):
        raise ValueError(f"{where}: expected a table")
    names = ("destinations", "prefixes", "percent", "fixed", "least", "most")
    _known(f"{where}: ", said, names)
    lists = [said.get(name, []) for name in names[:2]]
    for name, own in zip(names, lists, strict=False):
        if not _texts(own) or len(own) > PATTERNS_MAX:
            raise ValueError(f"{where}: {name}={own!r}: a list of at most {PATTERNS_MAX} texts")
    prefixes = tuple(normalise(text) for text in lists[1])
    if "" in prefixes:
        raise ValueError(f"{where}: prefixes={lists[1]!r}: digits, '+' or '00' in front")
    least = _amount(f"{where}: least", said.get("least", "0"))
    most = None if "most" not in said else _amount(f"{where}: most", said["most"])
    if most is not None and most < least:
        raise ValueError(f"{where}: most {format_nanos(most)} is less than least")
    return Margin(
        tuple(text.lower() for text in lists[0]),
        prefixes,
        _percent(f"{where}: percent", said.get("percent", "0")),
        _amount(f"{where}: fixed", said.get("fixed", "0")),
        least,
        most,
    )


def _known(where: str, table: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for key in table:
        if key not in names:
            raise ValueError(f"{where}{key}: no such key; there are {', '.join(names)}")


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name}={found!r}: expected a table [{name}]")
    return found


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v for v in value)


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where}={value!r}: a name is needed")
    return value


def _said(where: str, value: Any, parse: Any) -> Any:
    if value is None:
        raise ValueError(f"{where}: is missing")
    try:
        return parse(str(value))
    except ValueError as error:
        raise ValueError(f"{where}={str(value)!r}: {error}") from None


def _whole(where: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{where}={value!r}: a whole number, {low} to {high}")
    return value


def _word(where: str, value: Any, words: tuple[str, ...]) -> str:
    if value not in words:
        raise ValueError(f"{where}={value!r}: one of {', '.join(words)}")
    return str(value)


def _sample(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= SAMPLE_CALLS_MAX:
        raise ValueError(f"buy.sample_s={value!r}: a list of 1 to {SAMPLE_CALLS_MAX} seconds")
    return tuple(_whole("buy.sample_s", seconds, 1, SAMPLE_S_MAX) for seconds in value)


def _amount(where: str, value: Any) -> int:
    """Nanos of a text: a number in TOML would be a float."""
    if not isinstance(value, str):
        raise ValueError(f'{where}={value!r}: an amount is a text, such as "0.005"')
    nanos: int = _said(where, value, parse_nanos)
    if not 0 <= nanos <= RATE_NANOS_MAX:
        raise ValueError(f"{where}={value!r}: 0 to {format_nanos(RATE_NANOS_MAX)}")
    return nanos


def _percent(where: str, value: Any) -> Fraction:
    if not isinstance(value, str):
        raise ValueError(f'{where}={value!r}: a percentage is a text, such as "12.5"')
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{where}={value!r}: not a number") from None
    if not found.is_finite() or not -100 < found <= PERCENT_MAX:
        raise ValueError(f"{where}={value!r}: more than -100, at most {PERCENT_MAX}")
    return Fraction(found)
