"""The balances that the controls keep, held against the generator's own account."""

import time
from contextlib import closing
from typing import Final

from clickhouse_connect.driver.client import Client

from clickhouse import balances as stored_balances
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.chaos import world
from tests.chaos.account import PRICED
from tests.chaos.audit import FINAL, Findings
from tests.chaos.books import Books

WRITTEN_S_MAX: Final = 60.0
POLL_S: Final = 1.0
Lines = dict[tuple[str, str, str], tuple[int, int]]
"""(role, account, currency) -> (nanos, calls)"""


def expected(kept: Books) -> Lines:
    """What must have been posted: every rated leg, by account and currency."""
    lines: Lines = {}
    for leg, role, names, decks in (
        ("sell", "customer", world.CUSTOMERS, world.DECK_OF_CUSTOMER),
        ("buy", "vendor", world.VENDORS, world.DECK_OF_VENDOR),
    ):
        for i, name in enumerate(names):
            own = (kept.reason == PRICED) & (kept.record[role] == i)
            if own.any():
                key = (role, name, world.CURRENCIES[decks[i]])
                lines[key] = (sum(kept.nanos[leg][own].tolist()), int(own.sum()))
    return lines


def check_balances(settings: Settings, kept: Books, found: Findings) -> None:
    """Every balance must be the sum of its calls to the nano, once the controls have written it."""
    must = expected(kept)
    until = time.monotonic() + WRITTEN_S_MAX
    with closing(connect(settings)) as client:
        while (has := _posted(client)) != must and time.monotonic() < until:
            time.sleep(POLL_S)
        for key in sorted({*has, *must}):
            if has.get(key) != must.get(key):
                found.balance_mismatch += 1
                found.lines.append(f"balance of {key}: {has.get(key)}, must be {must.get(key)}")
        product = stored_balances.compare(client)
    if product.behind:
        found.note(f"{product.behind} partitions are posted further than stored")
    for line in product.differences:
        found.note(f"the product's own comparison differs: {line}")


def _posted(client: Client) -> Lines:
    rows = client.query(
        """SELECT role, account, currency, sum(toInt128(nanos)), sum(calls) FROM balance FINAL
        WHERE role != 'partition' GROUP BY role, account, currency""",
        settings=FINAL,
    ).result_rows
    return {(role, name, currency): (int(n), int(c)) for role, name, currency, n, c in rows}
