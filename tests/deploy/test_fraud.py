"""The fraud watch on the real processes: alerts, blocks, undo, kills."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner

from billing.errors import TollwireError
from billing.fraud.rule_file import parse_rules
from deploy.cli import app
from deploy.local import is_up, start
from streams import topics
from streams.credit_owners import partition_of
from streams.decks import Reference
from streams.fraud_messages import told_by
from streams.fraud_partition import SOURCES, Partition
from streams.reading import messages
from tests.contract.schemas import BY_TOPIC, hold
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, platform_on, until
from tests.deploy.test_credit import authorize, http
from tests.deploy.test_platform import LONG_AGO_MS, call
from tests.kafka.broker import Broker

pytestmark = EMBEDDED_FIRST
CUSTOMERS = ("acme", *(f"customer-{n}" for n in range(8)))
ACCOUNTS = (
    "".join(f'[customers.{name}]\nsell_deck = "gold"\ncurrency = "USD"\n' for name in CUSTOMERS)
    + '[vendors.vend]\nbuy_deck = "vend"\ncurrency = "USD"\n'
)
RULES = """
[timing]
lateness_s = 1
quiet_s = 2
revision_min = 0
[action]
policy = "block_destination"
disconnect = true
"""
RISKY = "252"


@pytest.fixture(scope="module")
def platform(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with controls and the watch; calls to 252 are dear."""
    folder = tmp_path_factory.mktemp("fraud")
    rules = folder / "rules.toml"
    rules.write_text(RULES)
    with platform_on(broker, folder, rebalance_timeout_s=2, fraud_rules=str(rules)) as found:
        path = found.folder / "traders.toml"
        path.write_text(ACCOUNTS)
        from deploy.accounts import load_accounts

        load_accounts(found.settings, path)
        found.load("gold", "sell", "49,Germany,1,0,1,1\n252,Somalia,6,0,60,60\n", LONG_AGO_MS)
        found.load("vend", "buy", "49,Germany,1,0,1,1\n252,Somalia,3,0,60,60\n", LONG_AGO_MS)
        for name in ("controls", "fraud"):
            found.processes[name] = start(name, found.folder)
        until("controls", lambda: http(found, "GET", "/v1/credit/acme")[0] == 200)
        yield found
        for name in ("controls", "fraud"):
            found.processes[name].kill()


def attack(platform: Platform, customer: str, calls: range, prefix: str = RISKY) -> None:
    """Calls that begin and are answered, all within a moment."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=platform.settings.broker)
        await producer.start()
        for n in calls:
            event = {
                "call_id": f"{customer}-{n}", "customer": customer,
                "calling": f"4930{n}", "called": f"{prefix}61{5_000_000 + n}", "switch": "sw1",
                "vendor": "vend", "at": int(time.time() * 1_000),
            }  # fmt: skip
            value = json.dumps([{**event, "event": kind} for kind in ("start", "answer")])
            await producer.send_and_wait(topics.CALL_EVENTS, value.encode(), customer.encode())
        await producer.stop()

    asyncio.run(send())


def fraud(*arguments: str) -> str:
    """What `tollwire fraud` prints; the settings are in the environment."""
    done = CliRunner().invoke(app, ["fraud", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def alerts_of(customer: str) -> list[Any]:
    found: list[Any] = json.loads(fraud("alerts", "--account", customer, "--json"))
    return found


def told(platform: Platform, topic: str) -> list[bytes]:
    """Every value of a topic, by partition and offset."""
    found = asyncio.run(_read(platform, (topic,)))
    return [message.value for _, message in found]


async def _read(platform: Platform, names: tuple[str, ...]) -> list[tuple[TopicPartition, Any]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=platform.settings.broker,
        max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
    )
    await consumer.start()
    every = [TopicPartition(n, p) for n in names for p in range(platform.settings.partitions)]
    ends = await consumer.end_offsets(every)
    consumer.assign(every)
    found = []
    for at in every:
        consumer.pause(*(tp for tp in every if tp != at))
        consumer.resume(at)
        found += [(at, m) async for m in messages(consumer, at, 0, ends[at])]
    await consumer.stop()
    return found


def allowed(platform: Platform, call_id: str, customer: str, prefix: str) -> str:
    """Whether a call may begin: "" or why not."""
    asked = {"call_id": call_id, "customer": customer, "called": f"{prefix}615000007"}
    answer = http(
        platform, "POST", "/v1/authorize", {**asked, "switch": "sw1", "vendors": ["vend"]}
    )[1]
    return str(answer["reason"])


def test_a_burst_is_told_and_blocked_and_a_person_takes_it_back(platform: Platform) -> None:
    attack(platform, "acme", range(60))
    until("the alert", lambda: bool(alerts_of("acme")))
    (alert,) = alerts_of("acme")
    assert (alert["family"], alert["severity"], alert["currency"]) == ("irsf", "critical", "USD")
    assert {"burst", "high_risk_range"} <= set(alert["reasons"])
    assert float(alert["money"]) >= 100
    until("the block", lambda: allowed(platform, f"x{time.time()}", "acme", RISKY) == "blocked")
    assert allowed(platform, "y1", "acme", "49") == ""
    until("the cut", lambda: any(b'"acme-1"' in m for m in told(platform, topics.CALL_CONTROL)))
    whole = json.loads(fraud("show", alert["id"]))
    assert (whole["calls"], len(whole["calls_without_record"])) == ([], 10)
    assert {a["kind"] for a in whole["actions"]} == {"block_destination"}
    assert all(a["ordered_by"] == "policy" for a in whole["actions"])
    fraud("undo", alert["id"], "--by", "ann", "--note", "a campaign")
    until("no block", lambda: allowed(platform, f"z{time.time()}", "acme", RISKY) == "")
    attack(platform, "acme", range(60, 200))
    until("it grows", lambda: alerts_of("acme")[0]["revision"] > alert["revision"])
    assert allowed(platform, "z9", "acme", RISKY) == ""
    fraud("confirm", alert["id"], "--action", "block_account", "--by", "ann")
    until("all blocked", lambda: allowed(platform, f"a{time.time()}", "acme", "49") == "blocked")
    kinds = [a["kind"] for a in json.loads(fraud("show", alert["id"]))["actions"]]
    assert kinds[-2:] == ["confirm", "block_account"]
    assert "lifted" in kinds


def test_from_records_alone_with_the_calls_shown(platform: Platform) -> None:
    for n in range(60):
        ended = call(f"r{n}", called=f"{RISKY}61{n:04}", duration_ms=61_000, customer="customer-0",
                     answered_ms=int(time.time() * 1_000) - 62_000)  # fmt: skip
        platform.send(ended, customer="customer-0")
    # Time goes on where only records come when more of them come: here an hour's silence is none.
    until("the alert", lambda: bool(_nudged(platform, "customer-0")))
    (alert,) = alerts_of("customer-0")
    whole = json.loads(fraud("show", alert["id"]))
    assert whole["calls"][0]["called"].startswith(RISKY)
    assert whole["calls"][0]["sell"] == "12"


def _nudged(platform: Platform, customer: str) -> list[Any]:
    attack(platform, customer, range(1), "49")
    return alerts_of(customer)


def test_a_watch_that_is_killed_five_times_tells_what_one_that_lives_tells(
    platform: Platform,
) -> None:
    """The list of alerts is a function of the topics: told once each, none missing."""
    for n in range(5):
        for customer in CUSTOMERS[1:]:
            attack(platform, customer, range(n * 40, n * 40 + 40))
        platform.processes["fraud"].send_signal(signal.SIGKILL)
        platform.processes["fraud"].wait()
        platform.processes["fraud"] = start("fraud", platform.folder)
        if n == 2:  # one that has begun, and maybe written its state
            at = (platform.settings.fraud_metrics, "TOLLWIRE_FRAUD_METRICS")
            until("it listens", lambda at=at: is_up(*at))  # type: ignore[misc]
    # Calls go on, and alerts grow: they are compared up to an instant that all have passed.
    until_ms = int(time.time() * 1_000) + 15_000
    expected = _figures(_fold(platform, until_ms), until_ms)
    assert len(expected) >= len(CUSTOMERS[1:])

    def as_expected() -> bool:
        values = [json.loads(value) for value in told(platform, topics.FRAUD_ALERTS)]
        return _figures(values, until_ms) == expected

    until("the same alerts", as_expected)
    names = [told_by(value) for value in told(platform, topics.FRAUD_ALERTS)]
    assert len(names) == len(set(names))


def _figures(alerts: list[Any], until_ms: int) -> list[tuple[str, ...]]:
    """What alerts say that were told until then."""
    found = [alert for alert in alerts if alert["updated_ms"] <= until_ms]
    return sorted(tuple(str(alert[name]) for name in sorted(alert)) for alert in found)


def _fold(platform: Platform, until_ms: int) -> list[Any]:
    """The alerts until then of one watch that reads the topics once from begin to end."""

    async def run() -> list[Any]:
        reference = Reference(platform.settings)
        await reference.start()
        held = {
            p: Partition(p, platform.settings.partitions, parse_rules(RULES, "test"),
                         lambda: reference.tariff)
            for p in range(platform.settings.partitions)
        }  # fmt: skip
        for at, message in await _read(platform, SOURCES):
            held[at.partition].merge.add(at.topic, [message])
        far_ms = until_ms + 60_000
        out = [m for own in held.values() for m in own.take(far_ms, (), far_ms)]
        await reference.stop()
        return [json.loads(value or b"") for topic, _, value in out if topic == topics.FRAUD_ALERTS]

    return asyncio.run(run())


def test_two_watches_share_the_partitions(platform: Platform, tmp_path: Path) -> None:
    from tests.conftest import free_port
    from tests.deploy.conftest import environment

    own = {"fraud_metrics": f"127.0.0.1:{free_port()}"}
    settings = platform.settings.model_copy(update=own)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(settings).items():
            patch.setenv(name, value)
        second = start("fraud", tmp_path)
    try:
        log = tmp_path / "fraud.log"
        until("its share", lambda: "watching" in log.read_text())
        before = len(told(platform, topics.FRAUD_ALERTS))
        for customer in CUSTOMERS[1:]:
            attack(platform, customer, range(1_000, 1_400))
        grown = len({partition_of(name, platform.settings.partitions) for name in CUSTOMERS[1:]})
        until("more", lambda: len(told(platform, topics.FRAUD_ALERTS)) >= before + grown)
    finally:
        second.terminate()
        second.wait()


def test_all_that_was_said_is_as_the_contract_has_it(platform: Platform) -> None:
    seen = Counter[str]()
    for at, message in asyncio.run(_read(platform, tuple(BY_TOPIC))):
        hold(at.topic, message.value)
        seen[at.topic] += 1
    assert not set(BY_TOPIC) - set(seen) - {topics.DEAD, topics.RERATE_EVENTS}, seen


def test_bad_input_is_refused(platform: Platform) -> None:
    with pytest.raises(TollwireError, match="no alert 'nothing'"):
        fraud("undo", "nothing")

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=platform.settings.broker)
        await producer.start()
        for value in (b"no json", b'{"kind":"explode"}'):
            await producer.send_and_wait(topics.FRAUD_ACTIONS, value, partition=0)
        await producer.stop()

    asyncio.run(send())
    query = "SELECT count() FROM fraud_action FINAL WHERE kind = 'refused'"
    until("the refusals", lambda: platform.rows(query) == [(2,)])
    assert authorize(platform, "ok", "customer-1")[0] == 200
