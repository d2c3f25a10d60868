"""Memory is bounded: with low limits a flood of keys is held to them, and fraud still shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from billing.fraud import accounts, calls, irsf, pumping, scene, simbox, spending, wangiri
from billing.fraud.rules import Rules
from billing.fraud.watch import Watch
from tests.fraud.made import Fact, call, in_order
from tests.fraud.test_families import NOW, burst, history
from tests.fraud.traffic.world import FIRST_MS, HOUR_MS

LOW = 60
MINUTE_CALLS = 40


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of a few dozen keys."""
    for module, name in (
        (accounts, "ACCOUNTS_MAX"),
        (spending, "PAIRS_MAX"),
        (pumping, "BLOCKS_MAX"),
        (simbox, "LINES_MAX"),
        (calls, "CALLS_MAX"),
        (scene, "RECENT_MAX"),
        (irsf, "ROWS_MAX"),
        (wangiri, "ROWS_MAX"),
    ):
        monkeypatch.setattr(module, name, LOW)


def flood(minutes: int) -> list[Fact]:
    """Calls of ever new accounts to ever new numbers and destinations."""
    found = []
    for i in range(minutes * MINUTE_CALLS):
        at = NOW - HOUR_MS + i * 60_000 // MINUTE_CALLS
        own: dict[str, Any] = {
            "customer": f"c{i}",
            "destination": f"d{i}",
            "vendor": f"v{i % 500}",
            "called": str(49_300_000_000 + i * 104_729),
            "calling": str(331_000_000 + i),
        }
        found += call(10**6 + i, at, 20_000, nanos_per_min=1_000_000, **own)
    return found


def sizes(held: Watch) -> dict[str, int]:
    """Rows of everything that is limited here."""
    families = {type(f).__name__: f for f in held.families}
    return {
        "accounts": len(held.accounts.ledger),
        "calls": len(held.calls),
        "recent": len(held.recent),
        "pairs": len(families["Irsf"].ledgers["pairs"]),
        "risk": len(families["Irsf"].windows["risk"]),
        "callers": len(families["Wangiri"].windows["callers"]),
        "blocks": len(families["Pumping"].ledgers["blocks"]),
        "lines": len(families["Simbox"].ledgers["lines"]),
    }


def test_a_flood_of_keys_is_held_to_the_limits(low: None) -> None:
    held, most = Watch(Rules()), dict[str, int]()
    facts = in_order(flood(50))
    for begin in range(0, len(facts), 500):
        held.take(facts.slice(begin, 500))
        most = {name: max(most.get(name, 0), n) for name, n in sizes(held).items()}
    room = LOW + 22 * 2 * MINUTE_CALLS  # the limit, and what 20 minutes and the lateness bring
    assert max(most.values()) <= room, most
    held.pass_time(NOW + 2 * HOUR_MS)
    assert max(sizes(held).values()) <= LOW


def test_the_account_of_worth_survives_a_flood_and_its_fraud_shows(low: None) -> None:
    facts = in_order([*history(), *flood(50), *burst(60, 2_000, called="5352345678")])
    held = Watch(Rules())
    told = held.take(facts) + held.pass_time(NOW + 2 * HOUR_MS)
    assert "acme" in {a.account for a in told if a.family == "irsf"}


def test_limits_do_not_make_cuts_matter(low: None) -> None:
    facts = in_order([*history(), *flood(20), *burst(60, 2_000, called="5352345678")])
    runs: list[Callable[[], list[int]]] = [
        lambda: [len(facts)],
        lambda: sorted(np.random.default_rng(1).integers(0, len(facts), 60).tolist()),
    ]
    outcomes = []
    for run in runs:
        held, begin, told = Watch(Rules()), 0, []
        for end in [*run(), len(facts)]:
            told += held.take(facts.slice(begin, end - begin))
            begin = end
        outcomes.append((told + held.pass_time(NOW + 2 * HOUR_MS), sizes(held)))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] != []


def test_no_counter_is_ever_negative() -> None:
    facts = [f for f in history() if f.at_ms < FIRST_MS + 30 * HOUR_MS]
    twisted = [f._replace(kind=(f.kind + f.call) % 4) for f in facts] + facts[::3] + facts[::5]
    held = Watch(Rules())
    held.take(in_order(twisted))
    held.pass_time(FIRST_MS + 40 * HOUR_MS)
    for family in held.families:
        for ledger in family.ledgers.values():
            for name in ledger.kinds:
                assert (ledger[name] >= 0).all(), name
        for windows in family.windows.values():
            if type(family).__name__ != "Caps":  # steps up and down
                assert (windows.values >= 0).all()
