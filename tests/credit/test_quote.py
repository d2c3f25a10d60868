"""A quote is what rating charges: random worlds with classes, currencies, unknown names."""

import random

import pytest

from billing import class_plan
from billing.cdr import calls_from
from billing.credit.quote import Quote, quote
from billing.parties import parties_of
from billing.rating import REASONS, rate
from billing.tariff import compile_tariff
from kernels import parse_numbers
from tests.billing.class_worlds import call, exchange_rates, versions
from tests.billing.test_classes_random import ACCOUNTS


@pytest.mark.parametrize("seed", range(3))
def test_a_quote_charges_what_rating_charges(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_plan, "COMBINATIONS_MAX", 10_000)
    draw = random.Random(seed)
    made = [*versions(draw, "sell", 1, 2), *versions(draw, "buy", 4, 2)]
    _, published = exchange_rates(draw)
    tariff = compile_tariff([m.version for m in made], parties_of(ACCOUNTS), published)
    customers, vendors = ["c-usd", "c-eur", "nobody"], ["v-usd", "v-gbp", "none"]
    cdrs = [call(draw, customers, vendors) for _ in range(300)]
    batch = calls_from(cdrs)
    sold = rate(batch, *parse_numbers(batch.column("called")), tariff, legs="sell")
    bought = rate(batch, *parse_numbers(batch.column("called")), tariff, legs="buy")
    priced = 0
    for i, cdr in enumerate(cdrs):
        found = quote(tariff, cdr.customer, (cdr.vendor,), cdr.calling, cdr.called, cdr.answered_at)
        assert found.reason == REASONS[sold.reason[i]], cdr
        side = found.vendors[cdr.vendor]
        for leg, own in ((sold.sell, found.sell), (bought.buy, side)):
            if isinstance(own, Quote):
                assert own.terms.charge(cdr.duration_ms) == leg.nanos[i]
                priced += 1
        if isinstance(side, str):
            assert side == REASONS[bought.reason[i]]
    assert priced > 50
