"""Credit on the real processes: asked over HTTP, told by events, ordered by people, killed."""

import asyncio
import json
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.accounts import load_limits
from deploy.credit import send_order
from deploy.local import rater_metric, start
from streams import topics
from streams.credit_owners import partition_of
from tests.conftest import free_port
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, environment, platform_on, until
from tests.deploy.test_platform import LONG_AGO_MS, call
from tests.kafka.broker import Broker

pytestmark = EMBEDDED_FIRST

EVERYWHERE = tuple(f"everywhere-{n}" for n in range(6))
CUSTOMERS = ("acme", *(f"customer-{n}" for n in range(4)), *EVERYWHERE)
ACCOUNTS = (
    "".join(f'[customers.{name}]\nsell_deck = "gold"\ncurrency = "USD"\n' for name in CUSTOMERS)
    + '[vendors.vend]\nbuy_deck = "vend"\ncurrency = "USD"\n'
)
LIMITS = '[customers.{}]\nlimit = "{} USD"\n'


@pytest.fixture(scope="module")
def platform(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with controls; a minute costs 60 units, a second one."""
    with platform_on(broker, tmp_path_factory.mktemp("credit"), rebalance_timeout_s=2) as found:
        path = found.folder / "traders.toml"
        path.write_text(ACCOUNTS)
        from deploy.accounts import load_accounts

        load_accounts(found.settings, path)
        found.load("gold", "sell", "49,Germany,60,0,1,1\n", LONG_AGO_MS)
        found.load("vend", "buy", "49,Germany,30,0,1,1\n", LONG_AGO_MS)
        found.processes["controls"] = start("controls", found.folder)
        until("controls", lambda: http(found, "GET", "/v1/credit/acme")[0] == 200)
        yield found
        found.processes["controls"].kill()


def http(
    platform: Platform, method: str, path: str, body: Any = None, at: str = ""
) -> tuple[int, Any]:
    """Status and JSON of an answer; 0 where nobody answers."""
    data = json.dumps(body).encode() if body is not None else None
    url = f"http://{at or platform.settings.controls}{path}"
    try:
        request = urllib.request.Request(url, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, None


def authorize(
    platform: Platform, call_id: str, customer: str = "acme", at: str = ""
) -> tuple[int, Any]:
    asked = {"call_id": call_id, "customer": customer, "called": "4930", "switch": "sw1"}
    return http(platform, "POST", "/v1/authorize", {**asked, "vendors": ["vend"]}, at)


def credit(platform: Platform, account: str = "acme") -> Any:
    return http(platform, "GET", f"/v1/credit/{account}")[1] or {}


def stated(platform: Platform, account: str) -> Any:
    """What is known of an account, without what changes by the second."""
    return {name: value for name, value in credit(platform, account).items() if name != "overrun"}


def limit(platform: Platform, account: str, units: int) -> None:
    """Set a limit and wait until it is in force."""
    path = platform.folder / "limits.toml"
    path.write_text(LIMITS.format(account, units))
    load_limits(platform.settings, path)

    def in_force() -> bool:
        known = credit(platform, account)
        return (known.get("limited"), known.get("limit")) == (1, str(units))

    until("the limit", in_force)


def tell(platform: Platform, *events: dict[str, Any], customer: str = "acme") -> None:
    """Send events of calls."""
    now = int(time.time() * 1_000)
    common = {"customer": customer, "called": "4930", "switch": "sw1", "vendor": "vend", "at": now}

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=platform.settings.broker)
        await producer.start()
        for event in events:
            value = json.dumps({**common, **event}).encode()
            await producer.send_and_wait(topics.CALL_EVENTS, value, key=customer.encode())
        await producer.stop()

    asyncio.run(send())


def messages(platform: Platform, topic: str) -> list[Any]:
    """Every message of a topic."""

    async def read() -> list[Any]:
        consumer = AIOKafkaConsumer(bootstrap_servers=platform.settings.broker)
        await consumer.start()
        at = [TopicPartition(topic, p) for p in range(platform.settings.partitions)]
        ends = await consumer.end_offsets(at)
        consumer.assign(at)
        await consumer.seek_to_beginning(*at)
        found: list[Any] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [json.loads(message.value) for message in batch]
        await consumer.stop()
        return found

    return asyncio.run(read())


def pay(platform: Platform, account: str, amount: str, number: str) -> None:
    order = {"amount": amount, "currency": "USD", "id": number, "by": "finance"}
    send_order(platform.settings, "payment", "customer", account, **order)


def test_a_call_from_its_question_to_its_cdr(platform: Platform) -> None:
    limit(platform, "acme", 100)
    status, answer = authorize(platform, "a1")
    assert (status, answer["allowed"], answer["granted_s"], answer["max_s"]) == (200, True, 60, 100)
    assert (answer["reserved"], answer["free"], answer["vendors"]) == ("60", "40", ["vend"])
    tell(platform, {"event": "start", "call_id": "a1"}, {"event": "answer", "call_id": "a1"})
    stop = {"event": "stop", "call_id": "a1", "duration_ms": 20_000}
    tell(platform, stop, stop)
    until("the stop", lambda: credit(platform)["reserved"] == "20")
    platform.send(call("a1", duration_ms=20_000, switch="sw1"))
    until("the CDR", lambda: credit(platform)["spent"] == "20")
    assert (credit(platform)["reserved"], credit(platform)["free"]) == ("0", "80")
    until("the decision", lambda: bool(platform.rows(
        "SELECT 1 FROM credit_decision WHERE call_id = 'a1' AND allowed"
    )))  # fmt: skip


def test_payments_count_once_and_agree_with_what_is_stored(platform: Platform) -> None:
    limit(platform, "customer-0", 0)
    assert authorize(platform, "p1", "customer-0")[1]["reason"] == "no_credit"
    for _ in range(3):
        pay(platform, "customer-0", "30.5", "bank-1")
    pay(platform, "customer-0", "1", "bank-2")
    until("the payments", lambda: credit(platform, "customer-0")["paid"] == "31.5")
    stored = "SELECT sum(nanos) FROM movement FINAL WHERE account = 'customer-0'"
    assert platform.rows(stored) == [(31_500_000_000,)]
    assert authorize(platform, "p2", "customer-0")[1]["granted_s"] == 31


def test_a_call_is_told_to_end_when_its_money_is_gone(platform: Platform) -> None:
    limit(platform, "customer-1", 2)
    tell(platform, {"event": "start", "call_id": "d1"}, {"event": "answer", "call_id": "d1"},
         customer="customer-1")  # fmt: skip
    until(
        "the order",
        lambda: any(m["call_id"] == "d1" for m in messages(platform, topics.CALL_CONTROL)),
    )
    (order,) = [m for m in messages(platform, topics.CALL_CONTROL) if m["call_id"] == "d1"]
    assert (order["reason"], order["switch"], order["order"]) == ("no_credit", "sw1", 1)


def test_bad_input_is_refused_and_changes_nothing(platform: Platform) -> None:
    limit(platform, "customer-2", 50)
    status, said = http(platform, "POST", "/v1/authorize", {"customer": "customer-2"})
    assert (status, "call_id" in said["title"]) == (400, True)
    status, said = http(platform, "POST", "/v1/authorize",
                        {"customer": "customer-2", "call_id": "x", "called": "bob"})  # fmt: skip
    assert (status, said["field"]) == (400, "called")
    assert authorize(platform, "x", "nobody")[1]["reason"] == "customer_unknown"
    tell(platform, {"event": "start", "call_id": "b1", "called": "bob"},
         {"event": "explode", "call_id": "b2"}, customer="customer-2")  # fmt: skip
    tell(platform, {"event": "start", "call_id": "b3"}, customer="nobody")
    query = "SELECT count() FROM credit_event FINAL WHERE kind = 'event_refused'"
    until("the refusals", lambda: platform.rows(query) == [(3,)])
    assert (credit(platform, "customer-2")["calls"], credit(platform, "customer-2")["free"]) == (
        0,
        "50",
    )


def test_what_was_promised_survives_a_kill(platform: Platform) -> None:
    limit(platform, "customer-3", 1_000)
    for n in range(5):
        assert authorize(platform, f"k{n}", "customer-3")[1]["allowed"]
    ended = call("k9", duration_ms=20_000, switch="sw1", customer="customer-3")
    platform.send(ended, customer="customer-3")
    until("the charge", lambda: credit(platform, "customer-3")["spent"] == "20")
    pay(platform, "customer-3", "7", "bank-k")
    until("the payment", lambda: credit(platform, "customer-3")["paid"] == "7")
    send_order(platform.settings, "block", "customer", "customer-3", id="b", by="noc",
               prefix="491", reason="test")  # fmt: skip
    until("the block", lambda: bool(credit(platform, "customer-3")["blocks"]))
    before = stated(platform, "customer-3")
    assert (before["reserved"], before["calls"]) == ("300", 5)
    platform.processes["controls"].send_signal(signal.SIGKILL)
    platform.processes["controls"].wait()
    platform.processes["controls"] = start("controls", platform.folder)
    # What it had not yet stored it takes from the topics again.
    until("the same", lambda: stated(platform, "customer-3") == before)
    assert authorize(platform, "k0", "customer-3")[1]["reserved"] == "60"


def test_any_worker_answers(platform: Platform, tmp_path: Path) -> None:
    """A second worker takes half of the partitions; each asks the other for the rest."""
    for name in EVERYWHERE:
        limit(platform, name, 10_000)
    own = {"controls": f"127.0.0.1:{free_port()}", "controls_metrics": f"127.0.0.1:{free_port()}"}
    settings = platform.settings.model_copy(update=own)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(settings).items():
            patch.setenv(name, value)
        second = start("controls", tmp_path)
    try:
        both = (platform.settings.controls, settings.controls)
        asking = settings.model_copy(update={"rater_metrics": settings.controls_metrics})
        until("the second worker", lambda: rater_metric(asking, "tollwire_controls_ready") == 1)
        for name in EVERYWHERE:
            for at in both:
                until(f"{name} at {at}", lambda at=at, name=name: authorize(
                    platform, f"w-{name}", name, at)[0] == 200)  # type: ignore[misc]  # fmt: skip
            one, other = (authorize(platform, f"w-{name}", name, at)[1] for at in both)
            assert one == other
        assert len({partition_of(name, platform.settings.partitions) for name in EVERYWHERE}) > 1
    finally:
        second.terminate()
        second.wait()
