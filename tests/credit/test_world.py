"""Seeds of the simulated exchange: no account costs more than its limit and the stated bound."""

import pytest

from billing.credit.session import Pace
from tests.credit.truth import Found, Trouble
from tests.credit.world import World

EVENTS_LOST = Trouble()
EVENTS_ONLY = Trouble(asks=False)
SILENT = Trouble(tells=False)
STEADY = Trouble(deaths=0, lost=0.0, doubled=0.0)


def played(seed: int, trouble: Trouble) -> Found:
    return World(seed, 400, 30, trouble, Pace()).run()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("trouble", [EVENTS_LOST, EVENTS_ONLY, SILENT, STEADY])
def test_exposure_stays_within_the_bound(seed: int, trouble: Trouble) -> None:
    found = played(seed, trouble)
    assert found.calls
    assert found.refused + found.cut > 20
    assert not found.beyond, found.beyond[0]


def test_without_events_the_bound_does_not_hold() -> None:
    """CDRs alone come too late: what the simulation is there to show, and that it can."""
    found = played(0, Trouble(asks=False, tells=False))
    assert found.beyond


def test_a_desk_that_forgets_what_it_promised_is_found_out() -> None:
    class Forgetful(World):
        def _tick(self) -> None:
            for book in self.desk.journal.books.values() if self.desk else ():
                for key, session in list(book.sessions.items()):
                    if session.state == "held":
                        book.put(key, None)
            super()._tick()

    assert any(
        Forgetful(seed, 400, 30, Trouble(cdr_late_ms=120_000), Pace()).run().beyond
        for seed in range(4)
    )
