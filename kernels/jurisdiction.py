"""Whether a call stays within a state: which of three rows of the closure prices it.

A deck that asks has three rows for each of its other combinations of classes; `kernels.classes`
gives the first of them, and this chooses. A state is a number of its own table, by NPA and NXX.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.layout import DIGITS_MAX, I32, NO_DECK, Numbers

I16 = npt.NDArray[np.int16]

WITHIN, BETWEEN, UNKNOWN = range(3)
"""columns of `Jurisdictions.rows`: one state, two states, a state is not known"""
LABELS: Final = 3
NPA_NXX: Final = 10**6
NO_STATE: Final = 0
NUMBER_DIGITS: Final = 11
"""of a number of the North American plan: 1, NPA, NXX, four more"""
NONE: Final = -1
_BEHIND: Final = np.uint64(10 ** (DIGITS_MAX - 7))


class Jurisdictions(NamedTuple):
    """Everything that `rows_within` chooses by; immutable."""

    table: I32
    """per row of `Book.closure` a row of `states`, or NONE"""
    rows: I32
    """shape (rows of the closure, LABELS): rows of the closure; only read where there is a table"""
    states: I16
    """shape (tables, NPA_NXX): the number of a state, or NO_STATE"""


def _states_of(numbers: Numbers, table: I32, states: I16) -> I16:
    """The state of each number by its table; NO_STATE of what is no whole number of the plan."""
    head = (numbers.digits // _BEHIND).astype(np.int64) - NPA_NXX
    whole = (numbers.digit_count == NUMBER_DIGITS) & (head >= 0) & (head < NPA_NXX)
    found: I16 = states[table, np.where(whole, head, 0)]
    return np.where(whole, found, np.int16(NO_STATE))


def rows_within(of: Jurisdictions, row: I32, calling: Numbers, called: Numbers) -> I32:
    """The closure rows that price n calls; `row` where its deck does not ask, NO_DECK stays.

    called: the numbers that calls end at, the LRN of a ported one.
    """
    at = np.flatnonzero((row != NO_DECK) & (of.table[row] != NONE))
    if not len(at):
        return row
    table = of.table[row[at]]
    one, other = (
        _states_of(Numbers(n.digits[at], n.digit_count[at]), table, of.states)
        for n in (calling, called)
    )
    known = (one != NO_STATE) & (other != NO_STATE)
    label = np.where(known, np.where(one == other, WITHIN, BETWEEN), UNKNOWN)
    chosen = row.copy()
    chosen[at] = of.rows[row[at], label]
    return chosen
