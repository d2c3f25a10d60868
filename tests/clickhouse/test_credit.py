"""Credit at rest: limits come back as they were, movements count once, sums are apart by log."""

from contextlib import closing

from billing.balances import PARTITION, Balance, Key
from billing.credit.limits import Caps, Limit
from billing.credit.orders import Accepted, Order
from clickhouse import balances, credit
from clickhouse.client import connect, insert_arrow
from clickhouse.credit import Sums
from clickhouse.rerate_write import set_step
from clickhouse.tables import BALANCE
from deploy.runtime.settings import Settings

T = 1_700_000_000_000
ACME = ("customer", "acme", "USD")
LEDGER = """
    INSERT INTO rerate_delta (step, run, customer, vendor, answered_at, cdr_id, leg,
        old_currency, old_nanos, new_currency, new_nanos)
    SELECT {step:UInt32}, 1, 'acme', 'vend', fromUnixTimestamp64Milli(1700000000000, 'UTC'),
        toFixedString(leftPad(toString(number), 16, '0'), 16), 'sell', 'USD', 100, 'USD', 70
    FROM numbers(3)
"""


def movement(number: str, nanos: int, account: str = "acme", role: str = "customer") -> Accepted:
    """A payment."""
    order = Order("payment", number, role, account, "ann", T, currency="USD", note="n")  # type: ignore[arg-type]
    return Accepted(order, nanos)


def test_limits_come_back_as_they_were(migrated: Settings) -> None:
    first = Limit("customer", "acme", "USD", 5 * 10**9)
    limits = [
        Limit("customer", "acme", "USD", 10**18, Caps(5, 6), "allow", {"t'1": Caps(0, 7)}),
        Limit("vendor", "vend", "EUR", 0),
    ]
    with closing(connect(migrated)) as client:
        credit.save_limits(client, [first], T)
        credit.save_limits(client, limits, T + 1)
        assert credit.load_limits(client) == limits


def test_a_movement_counts_once_and_the_first_stands(migrated: Settings) -> None:
    with closing(connect(migrated)) as client:
        credit.save_movement(client, movement("p1", 90), "log-1", 8, T)
        credit.save_movement(client, movement("p1", 40), "log-1", 3, T)
        credit.save_movement(client, movement("p1", 40), "log-1", 3, T)
        credit.save_movement(client, movement("p2", 2), "log-1", 9, T)
        assert credit.sums(client, "log-1") == {ACME: Sums(paid_nanos=42)}


def test_what_came_through_another_log_is_known_apart(migrated: Settings) -> None:
    with closing(connect(migrated)) as client:
        for log, nanos in (("log-1", 1_000), ("log-2", 30)):
            books = {
                Key(*ACME): Balance(log, 5, 0, nanos, 2),
                Key("vendor", "vend", "USD"): Balance(log, 5, 0, nanos // 10, 2),
                PARTITION: Balance(log, 5, 0, 0, 2),
            }
            insert_arrow(client, BALANCE.name, balances.rows(0, books))
            credit.save_movement(client, movement(log, nanos // 5), log, 1, T)
        credit.save_movement(client, movement("v", 7, "vend", "vendor"), "log-2", 2, T)
        found = credit.sums(client, "log-2")
    assert found == {ACME: Sums(30, 1_000, 6, 200), ("vendor", "vend", "USD"): Sums(3, 100, 7, 0)}


def test_re_rating_counts_while_it_is_applied(migrated: Settings) -> None:
    with closing(connect(migrated)) as client:
        client.command(LEDGER, {"step": 7})
        assert credit.rerated(client) == {}
        set_step(client, 7, 1, "apply", "open", 0)
        before = credit.applied_steps(client)
        assert credit.rerated(client) == {ACME: -90}
        set_step(client, 8, 1, "rollback", "open", 7)
        assert credit.rerated(client) == {}
        assert credit.applied_steps(client) != before


def test_states_come_back(migrated: Settings) -> None:
    row = {"account": "acme", "log": "l", "partition": 1, "limited": 1, "limit_nanos": 5}
    money = ("paid_nanos", "spent_nanos", "reserved_nanos", "free_nanos", "overrun_nanos")
    row |= {**dict.fromkeys(money, -3), "calls": 2, "level": 80, "blocks": 1, "at": T}
    with closing(connect(migrated)) as client:
        credit.save_states(client, [row, {**row, "account": "bolt"}])
        assert [found["account"] for found in credit.states(client)] == ["acme", "bolt"]
        (found,) = credit.states(client, "acme")
    assert (found["free_nanos"], found["level"], found["at_ms"]) == (-3, 80, T)
