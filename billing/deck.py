"""A deck: what one side charges per dial code, as a sequence of immutable versions.

Every rule of a charge is an explicit option of the deck: real systems disagree about them.
"""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pyarrow as pa

from billing.errors import OptionsRefused
from billing.jurisdiction import INDETERMINATE_AS, NANP, OWN, States, parse_states
from billing.jurisdiction import NAMES as JURISDICTIONS
from billing.money import format_nanos, parse_currency, parse_nanos
from billing.origin_classes import OriginClasses, parse_origin_classes
from billing.origin_classes import names as origin_names
from billing.time_classes import ANY, TimeClasses, parse_time_classes
from kernels.layout import (
    ANCHORS,
    CONNECT_RULES,
    DECIMALS_MAX,
    FEE_NANOS_MAX,
    GRACE_S_MAX,
    GRACES,
    RATE_NANOS_MAX,
    ROUNDINGS,
)

CALLED: Final = "called"
LRN: Final = "lrn"
MATCHES: Final = (CALLED, LRN)
"""what the codes of a deck are matched against: the number called, or the LRN where there is one"""
LATER: Final = (
    *("time_classes", "origin_classes", "match", "jurisdiction", "indeterminate_as", "states"),
)
"""options that versions published before them do not name"""
SIDES: Final = ("sell", "buy")
COVERAGES: Final = ("full", "partial")
"""full: from its date on, codes the version does not list are closed; partial: they stay"""
DeckName = tuple[str, str]
"""side, deck"""
ALWAYS_MS: Final = -(2**62)
FOREVER_MS: Final = 2**62
NO_MAX_CHARGE: Final = -1

RATES: Final = pa.schema(
    [
        ("prefix", pa.string()),
        ("destination", pa.string()),
        ("first_rate_nanos", pa.int64()),
        ("next_rate_nanos", pa.int64()),
        ("connect_nanos", pa.int64()),
        ("first_increment_s", pa.int64()),
        ("next_increment_s", pa.int64()),
        ("valid_from_ms", pa.int64()),
        ("valid_to_ms", pa.int64()),
        ("time_class", pa.string()),
        ("origin_class", pa.string()),
        ("blocked", pa.bool_()),
    ]
)
"""Rates a minute; valid_from inclusive, valid_to exclusive; ALWAYS_MS and FOREVER_MS = open;
classes of the version's options, or ANY. blocked: the code is listed and closed; its prices mean
nothing."""


class DeckOptions(NamedTuple):
    """How every charge of a deck is computed; the words are those of docs/rating.md."""

    anchor: str = "after_initial"
    grace_rule: str = "none"
    grace_s: int = 0
    duration_rounding: str = "up"
    round_mode: str = "half_up"
    round_decimals: int = DECIMALS_MAX
    connect_rule: str = "additive"
    min_charge_nanos: int = 0
    max_charge_nanos: int = NO_MAX_CHARGE
    attempt_fee_nanos: int = 0
    currency: str = "USD"
    time_zone: str = "UTC"
    time_classes: TimeClasses | None = None
    origin_classes: OriginClasses = ()
    match: str = CALLED
    jurisdiction: str = ""
    indeterminate_as: str = OWN
    states: States = ()
    """of a jurisdiction: what belongs to which state"""

    def rate_origins(self) -> tuple[str, ...]:
        """The origin classes that a rate may name, besides ANY."""
        return JURISDICTIONS if self.jurisdiction else origin_names(self.origin_classes)


_UNSAID: Final = DeckOptions()


def encode_options(options: DeckOptions) -> str:
    """Deck options as JSON, the form they are stored in; what came later only where it is used."""
    fields = options._asdict()
    for name in LATER:
        if fields[name] == getattr(_UNSAID, name):
            del fields[name]
    return msgspec.json.encode(fields).decode()


def decode_options(text: str) -> DeckOptions:
    """Deck options from `encode_options`."""
    options = DeckOptions(**msgspec.json.decode(text))
    return msgspec.convert(tuple(options), DeckOptions)


class DeckVersion(NamedTuple):
    """One published, immutable version. Times in milliseconds since 1970, UTC."""

    number: int
    deck: str
    side: str
    coverage: str
    valid_from_ms: int
    published_ms: int
    options: DeckOptions
    rates: pa.Table

    @property
    def currency(self) -> str:
        """The currency of every amount in the version."""
        return self.options.currency


def _word(options: Mapping[str, Any], key: str, words: tuple[str, ...], default: str) -> str:
    value = options.get(key, default)
    if value not in words:
        raise ValueError(f"{key}={value!r}: one of {', '.join(words)}")
    return str(value)


def _fee(options: Mapping[str, Any], key: str, default: int) -> int:
    if key not in options:
        return default
    try:
        nanos = parse_nanos(str(options[key]))
    except ValueError as error:
        raise ValueError(f"{key}={options[key]!r}: {error}") from None
    if not 0 <= nanos <= FEE_NANOS_MAX:
        raise ValueError(f"{key}={options[key]!r}: allowed 0 to {format_nanos(FEE_NANOS_MAX)}")
    return nanos


def _grace(options: Mapping[str, Any]) -> tuple[str, int]:
    grace = options.get("grace", {"seconds": 0, "rule": "none"})
    if not isinstance(grace, dict) or set(grace) != {"seconds", "rule"}:
        raise ValueError(f"grace={grace!r}: expected {{seconds = N, rule = WORD}}")
    rule, seconds = _word(grace, "rule", GRACES, "none"), grace["seconds"]
    if type(seconds) is not int or not 0 <= seconds <= GRACE_S_MAX:
        raise ValueError(f"grace.seconds={seconds!r}: a whole number, 0 to {GRACE_S_MAX}")
    return rule, seconds


def _round(options: Mapping[str, Any]) -> tuple[str, int]:
    pair = options.get("round", ["half_up", DECIMALS_MAX])
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"round={pair!r}: expected [mode, decimals]")
    mode, decimals = pair
    if mode not in ROUNDINGS:
        raise ValueError(f"round={pair!r}: the mode is one of {', '.join(ROUNDINGS)}")
    if type(decimals) is not int or not 0 <= decimals <= DECIMALS_MAX:
        raise ValueError(f"round={pair!r}: decimals are 0 to {DECIMALS_MAX}")
    return mode, decimals


def _currency(options: Mapping[str, Any]) -> str:
    value = options.get("currency", "USD")
    try:
        return parse_currency(str(value))
    except ValueError as error:
        raise ValueError(f"currency={value!r}: {error}") from None


KEYS: Final = (
    "anchor",
    "grace",
    "duration_rounding",
    "round",
    "connect_rule",
    "min_charge",
    "max_charge",
    "attempt_fee",
    "currency",
    "time_zone",
    "time_classes",
    "origin_classes",
    "match",
    "jurisdiction",
    "indeterminate_as",
    "states",
    "states_file",
)
Read = Callable[[str], bytes]
"""the bytes of a file by its name"""


def _states(options: Mapping[str, Any], read: Read | None) -> States:
    """The states of a deck with a jurisdiction; () without. Raises ValueError."""
    if options.get("jurisdiction"):
        if "origin_classes" in options:
            raise ValueError("origin_classes beside jurisdiction: a rate's origin class is either")
        return parse_states(options.get("states"), options.get("states_file"), read)
    for key in ("indeterminate_as", "states", "states_file"):
        if key in options:
            raise ValueError(f"{key} without jurisdiction")
    return ()


def options_from(options: Mapping[str, Any], read: Read | None = None) -> DeckOptions:
    """DeckOptions of a mapping with KEYS, all optional. Raises ValueError naming key and value.

    read: files that are named in it.
    """
    for key in options:
        if key not in KEYS:
            raise ValueError(f"unknown key {key}: one of {', '.join(KEYS)}")
    grace_rule, grace_s = _grace(options)
    round_mode, round_decimals = _round(options)
    zone = str(options.get("time_zone", "UTC"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time_zone={zone!r}: not a zone such as Europe/Berlin") from None
    found = DeckOptions(
        anchor=_word(options, "anchor", ANCHORS, "after_initial"),
        grace_rule=grace_rule,
        grace_s=grace_s,
        duration_rounding=_word(options, "duration_rounding", ROUNDINGS, "up"),
        round_mode=round_mode,
        round_decimals=round_decimals,
        connect_rule=_word(options, "connect_rule", CONNECT_RULES, "additive"),
        min_charge_nanos=_fee(options, "min_charge", 0),
        max_charge_nanos=_fee(options, "max_charge", NO_MAX_CHARGE),
        attempt_fee_nanos=_fee(options, "attempt_fee", 0),
        currency=_currency(options),
        time_zone=zone,
        time_classes=parse_time_classes(options.get("time_classes")),
        origin_classes=parse_origin_classes(options.get("origin_classes")),
        match=_word(options, "match", MATCHES, CALLED),
        jurisdiction=_word(options, "jurisdiction", (NANP, ""), ""),
        indeterminate_as=_word(options, "indeterminate_as", INDETERMINATE_AS, OWN),
        states=_states(options, read),
    )
    if 0 <= found.max_charge_nanos < found.min_charge_nanos:
        raise ValueError("max_charge lies below min_charge")
    return found


def parse_options(text: str, file: str, read: Read | None = None) -> DeckOptions:
    """DeckOptions of a TOML text. Raises OptionsRefused naming file, key and value.

    read: files that are named in it.
    """
    try:
        return options_from(tomllib.loads(text), read)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise OptionsRefused(f"{file}: {error}") from None


def whole_rates(rates: pa.Table) -> pa.Table:
    """Rates as RATES; those written before there were classes hold in any, and none is blocked."""
    for name, value in (("time_class", ANY), ("origin_class", ANY), ("blocked", False)):
        if name not in rates.column_names:
            kind = RATES.field(name).type
            rates = rates.append_column(name, pa.array([value] * rates.num_rows, kind))
    return rates


def rate_limits(rates: pa.Table) -> None:
    """Assert that rates lie within the limits that keep int64 exact (they were validated)."""
    for field, high in (
        ("first_rate_nanos", RATE_NANOS_MAX),
        ("next_rate_nanos", RATE_NANOS_MAX),
        ("connect_nanos", FEE_NANOS_MAX),
    ):
        values = rates.column(field).to_numpy()
        assert not len(values) or (values.min() >= 0 and values.max() <= high), field
