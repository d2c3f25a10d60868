"""A cell that cannot be read: what is wrong with it and what to do, as a value for its row."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class BadCell(Exception):
    """Raised by the reader of one cell; never leaves the reading of its column."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.problem, self.advice = problem, advice


class Read(NamedTuple):
    """What the distinct cells of a column mean: a value each, None where `bad` says why not."""

    values: list[Any]
    bad: dict[int, BadCell]


def read_each(cells: Iterable[Any], read: Callable[[Any], Any]) -> Read:
    """Every cell read by `read`, which may raise BadCell."""
    values: list[Any] = []
    bad: dict[int, BadCell] = {}
    for at, cell in enumerate(cells):
        try:
            values.append(read(cell))
        except BadCell as error:
            values.append(None)
            bad[at] = error
    return Read(values, bad)
