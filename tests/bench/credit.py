"""How long a switch waits for its answer: in process, and over HTTP at a steady rate.

`make bench-credit`; the last line is JSON. Beside the answers over HTTP stands what they cannot be
faster than, in the same run: the same endpoint without a decision, and one acknowledged message of
the broker, because an answer waits until its reservation is on the broker.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from aiohttp import ClientSession
from aiokafka import AIOKafkaProducer

from billing.account_terms import parse_terms
from billing.credit.call_events import CallEvent
from billing.credit.desk import Desk
from billing.credit.limits import Limit
from billing.credit.quote import quote
from billing.deck import DeckOptions, DeckVersion
from billing.deck_csv import parse_deck
from billing.parties import parties_of
from billing.tariff import Tariff, compile_tariff
from deploy.accounts import load_limits
from deploy.local import running
from deploy.runtime.settings import Settings
from deploy.seed import VALID_FROM_MS, seed, write_files
from streams import topics
from tests.bench.rig import KAFKA
from tests.deploy.conftest import settings_in
from tests.kafka.broker import Broker
from tests.kafka.cluster import Kafka
from tests.kafka.embedded import Tansu
from tests.kafka.fetch import missing

CUSTOMER, CALLED, VENDORS = "atlas-voice", "4930123456", ("meridian", "pelagos")
LIMIT = f'[customers.{CUSTOMER}]\nlimit = "100000000 USD"\n'
IN_PROCESS = 5_000
Once = Callable[[int], Awaitable[None]]


def percentiles_ms(seconds: list[float], name: str) -> dict[str, float]:
    """p50, p95, p99 of some times."""
    found = np.percentile(seconds, (50, 95, 99)) * 1_000
    return {
        f"{name}_p{p}_ms": round(float(ms), 3) for p, ms in zip((50, 95, 99), found, strict=True)
    }


def demo_tariff(folder: Path) -> Tariff:
    """The demo's decks: seven of 12,000 codes each."""
    accounts, decks = write_files(folder)
    versions = []
    for number, (name, side, currency, path) in enumerate(decks, 1):
        options = DeckOptions(currency=currency)
        rates = parse_deck(path.read_bytes(), path.name, VALID_FROM_MS, options).rates
        versions.append(DeckVersion(number, name, side, "full", VALID_FROM_MS, 0, options, rates))
    terms = parse_terms(accounts.read_bytes(), accounts.name)
    return compile_tariff(versions, parties_of([each.account for each in terms]))


def in_process_s(tariff: Tariff) -> list[float]:
    """Seconds of each answer of a desk with 5,000 calls: two vendors, one number."""
    desk, taken = Desk(), []
    desk.limit(Limit("customer", CUSTOMER, "USD", 10**17))
    at_ms = int(time.time() * 1_000)
    for i in range(IN_PROCESS + 500):
        call = CallEvent("start", "sw", f"c{i}", "", CUSTOMER, "", "", "", CALLED, at_ms, 0, 0)
        begun = time.perf_counter()
        quotes = quote(tariff, CUSTOMER, VENDORS, "", CALLED, at_ms)
        assert desk.calls.authorize(call, call.call_id, quotes, at_ms).allowed
        taken.append(time.perf_counter() - begun)
        desk.journal.taken()
    return taken[500:]


async def at_rate(once: Once, per_s: float, times: int) -> list[float]:
    """Seconds of each of some things, begun evenly whether or not the ones before have ended."""
    taken: list[float] = []

    async def timed(i: int) -> None:
        begun = time.perf_counter()
        await once(i)
        taken.append(time.perf_counter() - begun)

    begin, tasks = time.perf_counter(), []
    for i in range(times):
        await asyncio.sleep(max(0.0, begin + i / per_s - time.perf_counter()))
        tasks.append(asyncio.create_task(timed(i)))
    await asyncio.gather(*tasks)
    return taken


async def over_http(settings: Settings, per_s: float, seconds: int) -> dict[str, float]:
    """The figures of one rate."""
    url, times, run = f"http://{settings.controls}", int(per_s * seconds), time.time_ns()
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker, acks="all")
    await producer.start()
    async with ClientSession() as session:

        async def authorize(i: int) -> None:
            asked = {"call_id": f"{run}-{i}", "customer": CUSTOMER, "called": CALLED}
            body = {**asked, "vendors": VENDORS}
            async with session.post(f"{url}/v1/authorize", json=body) as answer:
                assert (await answer.json())["allowed"]

        async def look(_: int) -> None:
            async with session.get(f"{url}/v1/credit/nobody") as answer:
                await answer.read()

        async def send(i: int) -> None:
            await producer.send_and_wait(topics.CREDIT_EVENTS, NOTICE, key=b"x", partition=0)

        await at_rate(authorize, per_s, 100)
        found = percentiles_ms(await at_rate(authorize, per_s, times), "http")
        found |= percentiles_ms(await at_rate(look, per_s, times), "http_floor")
        found |= percentiles_ms(await at_rate(send, per_s, times), "broker_floor")
    await producer.stop()
    return found


NOTICE = b'{"at_ms":1795428000000,"account":"x","kind":"bench","nanos":0,"detail":""}'


async def _known(settings: Settings) -> None:
    """Until the controls know the limit and the decks."""
    asked = {"call_id": "warm", "customer": CUSTOMER, "called": CALLED, "vendors": VENDORS}
    async with ClientSession() as session:
        while True:
            try:
                async with session.post(
                    f"http://{settings.controls}/v1/authorize", json=asked
                ) as answer:
                    if (await answer.json()).get("allowed"):
                        return
            except OSError:
                pass
            await asyncio.sleep(0.2)


def main() -> None:
    """Measure, print, JSON last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-s", type=float, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        figures = percentiles_ms(in_process_s(demo_tariff(folder / "decks")), "in_process")
        broker: Broker = Tansu(folder) if missing() else Kafka(folder)
        stack.callback(broker.stop)
        broker.start()
        kafkas = {} if missing() else KAFKA
        settings = stack.enter_context(settings_in(folder, broker=broker.address, **kafkas))
        stack.enter_context(running(settings, ("clickhouse", "rater", "controls"), print))
        asyncio.run(topics.ensure_topics(settings))
        seed(settings)
        limits = folder / "limits.toml"
        limits.write_text(LIMIT)
        load_limits(settings, limits)
        asyncio.run(_known(settings))
        figures |= asyncio.run(over_http(settings, asked.per_s, asked.seconds))
    for key, value in figures.items():
        print(f"{key:24} {value:10.3f}")
    print(json.dumps({"broker": broker.name, "per_s": asked.per_s, **figures}))


if __name__ == "__main__":
    main()
