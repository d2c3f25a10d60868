"""One call through billing.rating, as the live path rates it when calls come one by one."""

import time

import numpy as np
import pyarrow as pa

from billing.deck import ALWAYS_MS, RATES, DeckOptions, DeckVersion
from billing.mediation import Message, mediate
from billing.parties import Account, parties_of
from billing.rating import rate
from billing.tariff import compile_tariff
from billing.time_classes import ANY
from deploy.traffic import seed_codes

CALLS = 5_000


def rate_one_p99_us() -> float:
    """p99 in microseconds of rating a batch of one call against 12,000 codes on each side."""
    codes = seed_codes()
    n = len(codes)
    rates = pa.table(
        [
            [prefix for prefix, _ in codes],
            [destination for _, destination in codes],
            *([value] * n for value in (10**7, 10**7, 0, 60, 1, ALWAYS_MS, 2**62)),
            *([ANY] * n for _ in ("time_class", "origin_class")),
            [False] * n,
        ],
        schema=RATES,
    )
    versions = [
        DeckVersion(i, side, side, "full", ALWAYS_MS, 0, DeckOptions(), rates)
        for i, side in enumerate(("sell", "buy"), 1)
    ]
    accounts = [Account(r, r, r, s, "USD") for r, s in (("customer", "sell"), ("vendor", "buy"))]
    tariff = compile_tariff(versions, parties_of(accounts))
    call = mediate(
        [
            Message(
                b'{"call_id":"1","customer":"customer","vendor":"vendor","called":"4930123456",'
                b'"answered_at":1795428000,"duration_ms":61000}'
            )
        ]
    )
    taken = []
    for _ in range(CALLS):
        begin = time.perf_counter_ns()
        rate(call.calls, call.digits, call.digit_count, tariff)
        taken.append(time.perf_counter_ns() - begin)
    return round(float(np.percentile(taken[CALLS // 10 :], 99)) / 1_000, 1)


if __name__ == "__main__":
    print(rate_one_p99_us())
