"""The columns that kernels read and write, their types, and the limits that keep int64 exact.

Money is integer nano-units (10^-9) of a currency; rates are nanos a minute; durations arrive in
milliseconds, billed time is in seconds; instants are milliseconds since 1970 in UTC.

Largest product: (DURATION_S_MAX + INCREMENT_S_MAX) * RATE_NANOS_MAX plus 60 * fees is below 7e17;
int64 ends at 9.2e18. A charge that exchange rates push to CHARGE_NANOS_MAX is refused, not wrapped.
"""

from typing import Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int8]
U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

DURATION_MS_MAX: Final = 7 * 86_400 * 1_000
RATE_NANOS_MAX: Final = 1_000 * 10**9
FEE_NANOS_MAX: Final = 10_000 * 10**9
INCREMENT_S_MAX: Final = 3_600
GRACE_S_MAX: Final = 3_600
DIGITS_MAX: Final = 15
DECIMALS_MAX: Final = 9
FX_MAX: Final = 10**12
"""largest numerator and denominator of an exchange rate"""
CHARGE_NANOS_MAX: Final = 10**18
"""a converted charge reaches this nowhere: it would be TOO_LARGE"""

ROUNDINGS: Final = ("up", "down", "half_up", "half_down", "half_even")
UP, DOWN, HALF_UP, HALF_DOWN, HALF_EVEN = range(5)
GRACES: Final = ("none", "free_if_at_most", "free_if_below", "deduct")
ANCHORS: Final = ("after_initial", "whole_call")
AFTER_INITIAL, WHOLE_CALL = range(2)
CONNECT_RULES: Final = ("additive", "minimum")
ADDITIVE, MINIMUM = range(2)

NO_DECK: Final = -1
UNRATED: Final = -1
"""A closure word or a rate row that says: nothing prices this call."""
BLOCKED: Final = -2
"""A closure word or a rate row that says: the code that counts is listed, and closed."""
PIECES: Final = -3
"""A closure word w at or below this says: the piece list that begins at PIECES - w."""
TOO_LARGE: Final = -3
"""A rate row that says: the charge does not fit CHARGE_NANOS_MAX in the account's currency."""
NO_FX: Final = -1
MAX_CHARGE_NONE: Final = 10**17
TIME_MIN: Final = -(2**62)
TIME_MAX: Final = 2**62
"""the beginning and the end of time, in milliseconds"""

# columns of `Book.prices`, one row a price class
FIRST_RATE, NEXT_RATE, CONNECT, PACKED = range(4)
# columns of `Book.rules`, one row a set of deck options
(
    R_DURATION_ROUNDING,
    R_FREE_BELOW_S,
    R_DEDUCT_S,
    R_ANCHOR,
    R_CONNECT_RULE,
    R_MIN_CHARGE,
    R_MAX_CHARGE,
    R_ROUND_MODE,
    R_ROUND_UNIT,
    R_ATTEMPT_FEE,
    R_PLAIN,
) = range(11)
RULE_COLUMNS: Final = 11
"""the last one follows from the others: 1 where `charge.plain` is what a call costs"""


Column = TypeVar("Column", bound="npt.NDArray[np.generic]")


def read_only(column: Column) -> Column:
    """The same values as a contiguous read-only array, the one kind kernels are compiled for."""
    view = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view  # type: ignore[return-value]


class Numbers(NamedTuple):
    """n called numbers as `parse_numbers` gives them."""

    digits: U64
    """the first 15 digits, padded with zeros on the right to 15"""
    digit_count: U8
    """how many of them are real; 0 = no usable number"""


class Nodes(NamedTuple):
    """n called numbers whose dial codes were found before, in a book of the same epoch."""

    node: I32
    epoch: int


class Leg(NamedTuple):
    """What one side of n calls is priced from, as columns."""

    deck: I32
    """row of `Book.closure`, or NO_DECK"""
    fx: I32
    """row of `Book.fx`, or NO_FX; a column of length 0 says NO_FX for all"""


class Calls(NamedTuple):
    """n calls to price, as columns of equal length."""

    called: Numbers | Nodes
    answered_ms: I64
    duration_ms: I32
    """0 = unanswered"""
    sell: Leg
    buy: Leg


class Side(NamedTuple):
    """One side's charges, as columns."""

    rate_row: I32
    """index into the book's rates, or UNRATED, BLOCKED or TOO_LARGE"""
    billed_s: I32
    nanos: I64


class Rated(NamedTuple):
    """What `rate` returns: the dial-code node of each call and both sides' charges."""

    node: I32
    sell: Side
    buy: Side


class DialCodes(NamedTuple):
    """All dial codes of all decks as one decimal trie; node 0 is "no code".

    Nodes are numbered in the order of (digits, length): a parent always comes before its children.
    """

    digits: U64
    length: U8
    parent: I32
    top: I32
    """10^6 entries by the first six digits: a node id, or ~(branch) where longer codes exist"""
    branch: I32
    """shape (b, 10): by the next digit, a node id or ~(branch)"""
    epoch: int
    """64-bit hash of the codes: equal epochs mean equal node ids"""


class Book(NamedTuple):
    """Everything a batch is priced from; immutable."""

    codes: DialCodes
    closure: I64
    """shape (decks, nodes): price class << 32 | rate row; UNRATED; BLOCKED; or PIECES - index
    of a piece list"""
    pieces: I64
    """shape (p, 2): from when in ms, closure word. A list runs from new to old and its last piece
    begins at TIME_MIN"""
    prices: I64
    """shape (classes, 4): first rate, next rate, connect, first | next << 16 | rule << 32"""
    rules: I64
    """shape (rule sets, RULE_COLUMNS)"""
    fx: I64
    """shape (f, 2): numerator, denominator of the factor from deck to account currency"""
    window_ms: tuple[int, int]
    """instants it prices: the first, and the one after the last"""
