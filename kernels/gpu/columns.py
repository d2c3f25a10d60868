"""What the CUDA kernels read and write: plain columns and flat tables, wherever they lie.

The same named tuples hold numpy arrays (to be uploaded, or for the simulator), CuPy arrays (which
own device memory) and numba's views of those (what a kernel is given). Tables are one-dimensional
and never empty, so that a kernel may read entry 0 of any of them before it knows whether it has to.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from kernels.layout import (
    R_ATTEMPT_FEE,
    RULE_COLUMNS,
    UNRATED,
    Book,
    Calls,
    Leg,
    Nodes,
    Numbers,
    Rated,
)

Array = npt.NDArray[Any]

PIECE_WORDS: Final = 2
PRICE_WORDS: Final = 4
FX_WORDS: Final = 2
BRANCHES: Final = 10


class Columns(NamedTuple):
    """n calls. Either `digits` and `digit_count` or `node` are empty; so may be the fx columns."""

    digits: Array
    digit_count: Array
    node: Array
    answered_ms: Array
    duration_ms: Array
    sell_deck: Array
    sell_fx: Array
    buy_deck: Array
    buy_fx: Array


class Tables(NamedTuple):
    """A book; `closure` and what follows as in layout.Book, row after row."""

    top: Array
    branch: Array
    parent: Array
    length: Array
    closure: Array
    pieces: Array
    prices: Array
    rules: Array
    fx: Array
    nodes: int
    """columns of `closure`"""
    attempt_fees: int
    """1 if some rule has an attempt fee: without one an unanswered call costs nothing"""


class Charges(NamedTuple):
    """n calls' nodes and charges; `node` is left as it is where nodes were given."""

    node: Array
    sell_row: Array
    sell_s: Array
    sell_nanos: Array
    buy_row: Array
    buy_s: Array
    buy_nanos: Array


Tree = TypeVar("Tree", Columns, Tables, Charges)


def each(change: Callable[[Array], Any], of: Tree) -> Tree:
    """The same named tuple with every array changed; numbers stay."""
    values: list[Any] = [x if isinstance(x, int) else change(x) for x in of]
    return type(of)(*values)


def columns_of(calls: Calls) -> Columns:
    """The columns of a batch, in the shape kernels take them."""
    called, node = calls.called, np.empty(0, np.int32)
    numbers = Numbers(np.empty(0, np.uint64), np.empty(0, np.uint8))
    if isinstance(called, Nodes):
        node = called.node
    else:
        numbers = called
    return Columns(
        *numbers,
        node,
        calls.answered_ms,
        calls.duration_ms,
        *calls.sell,
        *calls.buy,
    )


def calls_of(columns: Columns, called: Numbers | Nodes) -> Calls:
    """The batch again, of these columns. called: what it was made of, for the nodes' epoch."""
    return Calls(
        Nodes(columns.node, called.epoch)
        if isinstance(called, Nodes)
        else Numbers(columns.digits, columns.digit_count),
        columns.answered_ms,
        columns.duration_ms,
        Leg(columns.sell_deck, columns.sell_fx),
        Leg(columns.buy_deck, columns.buy_fx),
    )


def charges_of(rated: Rated) -> Charges:
    """The columns of a result, in the shape kernels take them."""
    return Charges(rated.node, *rated.sell, *rated.buy)


def tables_of(book: Book) -> Tables:
    """A book's tables as kernels take them: views of its arrays, where those are not empty."""
    codes = book.codes
    return Tables(
        codes.top,
        codes.branch.reshape(-1),
        codes.parent,
        codes.length,
        _filled(book.closure, 1),
        _filled(book.pieces, PIECE_WORDS),
        _filled(book.prices, PRICE_WORDS),
        _filled(book.rules, RULE_COLUMNS),
        _filled(book.fx, FX_WORDS),
        int(book.closure.shape[1]),
        int(book.rules[:, R_ATTEMPT_FEE].any()),
    )


def _filled(table: Array, words: int) -> Array:
    return table.reshape(-1) if table.size else _filler(words)


@cache
def _filler(words: int) -> Array:
    return np.full(words, UNRATED, np.int64)
