"""US decks in bulk: what was rated live is rated the same again, by a run and by a what-if."""

import random
from pathlib import Path
from typing import Any

from billing.deck import encode_options
from billing.instants import format_instant_ms
from clickhouse import reference
from tests.billing.us_worlds import START, call, line
from tests.rerate.stored import DAY_MS, Stored, whole
from tests.rerate.test_whatif import same

CALLS = 300


def publish(stored: Stored, draw: random.Random, name: str, side: str) -> None:
    """A US deck with a jurisdiction, by the LRN or by the number called."""
    for version in line(draw, side, 1, 2).versions:
        number = reference.claim_number(stored.client)
        own = version._replace(number=number, deck=name)
        text = encode_options(own.options)
        reference.save_version(stored.client, own, text, "-", "0" * 64)


def records(draw: random.Random) -> list[dict[str, Any]]:
    """Calls of the first four days that the tests know, between numbers of the plan."""
    found = []
    for number in range(CALLS):
        cdr = call(draw)
        at_ms = START + number % 4 * DAY_MS + draw.randrange(DAY_MS)
        fields = {"calling": cdr.calling, "called": cdr.called, "lrn": cdr.lrn}
        found.append(
            {
                **fields,
                "call_id": f"call-{number}",
                "customer": ("acme", "bolt")[number % 2],
                "vendor": "vend",
                "answered_at": format_instant_ms(at_ms),
                "duration_ms": cdr.duration_ms,
            }
        )
    return found


def test_live_and_bulk_are_the_same(stored: Stored, tmp_path: Path) -> None:
    draw = random.Random(4)
    publish(stored, draw, "gold", "sell")
    publish(stored, draw, "buy", "buy")
    stored.calls(*records(draw))
    scope = whole(**{"from": START, "to": START + 4 * DAY_MS})
    number = stored.desk.make(scope, "ann").number
    record = stored.desk.preview(number, "ann").record
    sold = stored.desk.figures(record).lines()["sell", "USD", ""]
    assert (sold.legs, sold.changed) == (CALLS, 0)
    assert 20 < sold.suspended < CALLS - 20
    query = "SELECT count() FROM charge FINAL WHERE reason IN ('sell_blocked', 'buy_blocked')"
    assert stored.client.query(query).result_rows[0][0] > 0
    assert stored.client.query("SELECT countIf(lrn != '') FROM cdr").result_rows[0][0] > 50
    publish(stored, draw, "silver", "sell")
    publish(stored, draw, "cheap", "buy")
    for instead in ({}, {("sell", "gold"): "silver"}, {("buy", "buy"): "cheap"}):
        same(stored, tmp_path, scope, instead)
