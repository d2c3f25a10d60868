"""Balances beside charges: what the controls have posted, held against what is stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.balances import Balance, Key
from clickhouse.client import asking
from clickhouse.tables import BALANCE

_FOLDER: Final = Path(__file__).parent / "queries"
_COMPARE: Final = (_FOLDER / "balances.sql").read_text()
_BEHIND: Final = (_FOLDER / "balances_behind.sql").read_text()
_SETTINGS: Final = {"do_not_merge_across_partitions_select_final": 1}

Changed = Mapping[Key, Balance]


class Line(NamedTuple):
    """One account in one currency: the sum of its balances, and of the charges of those calls."""

    role: str
    account: str
    currency: str
    posted_nanos: int
    posted_calls: int
    charged_nanos: int
    charged_calls: int

    @property
    def differs(self) -> bool:
        """Whether the two sides are not the same."""
        return (self.posted_nanos, self.posted_calls) != (self.charged_nanos, self.charged_calls)


class Comparison(NamedTuple):
    """All lines. As long as partitions are behind, a difference may be calls not yet stored."""

    lines: list[Line]
    behind: int

    @property
    def differences(self) -> list[Line]:
        """The lines whose sides are not the same."""
        return [line for line in self.lines if line.differs]


def rows(partition: int, balances: Changed) -> pa.Table:
    """Balances of a partition as rows of the table `balance`."""
    records = [
        {"partition": partition, **key._asdict(), **balance._asdict()}
        for key, balance in balances.items()
    ]
    return pa.Table.from_pylist(records, schema=BALANCE.schema)


def compare(client: Client) -> Comparison:
    """Every account's balances and charges. Reads every call: its cost grows with their number."""
    with asking():
        behind = int(client.query(_BEHIND, settings=_SETTINGS).result_rows[0][0])
        found = client.query(_COMPARE, settings=_SETTINGS).result_rows
    return Comparison([Line(*row) for row in found], behind)
