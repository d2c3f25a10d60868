"""What the seed decides: delays, failures and choices. The same seed decides the same again."""

from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Odds(NamedTuple):
    """How rough a run is; all zero = nothing goes wrong."""

    slow_s: float = 0.0
    """longest ordinary delay of an effect"""
    send_lost: float = 0.0
    """shares of requests: never arrives; done but not answered; done long after the failure"""
    send_unanswered: float = 0.0
    send_late: float = 0.0
    store_refused: float = 0.0
    """of requests to ClickHouse: fails before it is done; fails after it was done"""
    store_unanswered: float = 0.0


class Chance:
    """The seeded choices of one run."""

    def __init__(self, random: Random, odds: Odds) -> None:
        self._random = random
        self.odds = odds

    def up_to(self, seconds: float) -> float:
        """A delay, short ones more often than long ones."""
        return self._random.random() ** 3 * seconds

    def delay_s(self) -> float:
        """How long an effect takes."""
        return self.up_to(self.odds.slow_s)

    def happens(self, share: float) -> bool:
        """True in that share of cases."""
        return share > 0 and self._random.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)

    def one_of(self, values: "list[T] | tuple[T, ...]") -> T:
        """One of the values."""
        return self._random.choice(values)

    def shuffled(self, values: list[T]) -> list[T]:
        """The values in another order."""
        return self._random.sample(values, len(values))
