"""Faults of everything around the raters: ClickHouse, broker, console, disk, clock and input."""

import signal
import time
from typing import Final

from deploy.local import rater_metric
from tests.chaos.plant import Plant
from tests.chaos.proxy import Mode
from tests.chaos.scene import Busy, Fault, Scene, held, pause, restarted

BURST_S_MAX: Final = 20.0
CLOCK_SEEN_S: Final = 3_000


def _failures(plant: Plant) -> int:
    return sum(r.said("effect failed") for r in plant.raters)


def kill_clickhouse(scene: Scene) -> tuple[str, str]:
    """kill -9, and a new one on the same folder, at once or some seconds later."""
    server = scene.plant.clickhouse
    with held(server.lock):
        before, failures = server.pid, _failures(scene.plant)
        status = server.kill()
        scene.wait(0.0, 5.0)
        server.start()
        server.wait_ready()
        seen = _failures(scene.plant) - failures
        proof = restarted(server, status, before)
        return server.name, proof and f"{proof}; {seen} effects failed"


def pause_clickhouse(scene: Scene) -> tuple[str, str]:
    """SIGSTOP for some seconds."""
    server = scene.plant.clickhouse
    with held(server.lock):
        return pause(scene, server.pid, server.name, 2.0, 8.0)


def kill_console(scene: Scene) -> tuple[str, str]:
    """kill -9, and a new one."""
    console = scene.plant.console
    with held(console.lock):
        before = console.pid
        status = console.kill()
        console.start()
        return console.name, restarted(console, status, before)


def kill_broker(scene: Scene) -> tuple[str, str]:
    """kill -9 of a node, and the same node again."""
    broker, lock = scene.plant.broker, scene.plant.broker_lock
    with held(lock):
        node = scene.rng.randrange(scene.plant.asked.nodes)
        before = broker.pid(node)
        scene.plant.measure_broker()
        broker.kill(node)
        scene.wait(0.0, 3.0)
        broker.restart(node)
        return f"broker-{node}", f"process {before} -> {broker.pid(node)}"


def pause_broker(scene: Scene) -> tuple[str, str]:
    """SIGSTOP of a node for some seconds."""
    with held(scene.plant.broker_lock):
        node = scene.rng.randrange(scene.plant.asked.nodes)
        return pause(scene, scene.plant.broker.pid(node), f"broker-{node}", 2.0, 8.0)


def misbehave(mode: Mode, low_s: float, high_s: float) -> Fault:
    def fault(scene: Scene) -> tuple[str, str]:
        proxy = scene.plant.proxy
        with held(scene.plant.proxy_lock):
            before = proxy.disturbed[mode]
            proxy.set(mode)
            scene.wait_seen(lambda: proxy.disturbed[mode] > before, low_s, high_s)
            proxy.set("pass")
            seen = proxy.disturbed[mode] - before
            return "clickhouse", f"{seen} times" if seen else ""

    return fault


def full_disk(scene: Scene) -> tuple[str, str]:
    """ClickHouse's disk has less room for some seconds than it keeps free for its merges."""
    plant = scene.plant
    with held(plant.proxy_lock, plant.clickhouse.lock):
        before = plant.proxy.disturbed["disk"]
        try:
            plant.disk.fill()
            scene.wait_seen(lambda: plant.proxy.disturbed["disk"] > before, 3.0, 8.0)
        finally:
            plant.disk.free()
        seen = plant.proxy.disturbed["disk"] - before
        return "clickhouse", f"{seen} answers said so" if seen else ""


def clock_jump(scene: Scene) -> tuple[str, str]:
    """The wall clock of one rater jumps by an hour and, when it has rated by it, back."""
    plant = scene.plant
    rater, settings = plant.raters[1], plant.rater_settings[1]
    if not rater.is_ready():
        raise Busy
    with held(plant.clock_lock):
        offset = scene.rng.choice(("+3600", "-3600"))

        def age_s() -> float:
            return abs(rater_metric(settings, "tollwire_last_batch_age_seconds") or 0.0)

        plant.clock.jump(offset)
        scene.wait_seen(lambda: age_s() > CLOCK_SEEN_S, 4.0, 9.0)
        seen_s = age_s()
        plant.clock.jump("+0")
        shown = f"{offset} s; it saw calls {seen_s:.0f} s away"
        return rater.name, shown if seen_s > CLOCK_SEEN_S else ""


def poison_burst(scene: Scene) -> tuple[str, str]:
    """Hundreds of records that are no calls, among the good ones."""
    plant = scene.plant
    before = plant.sent_so_far()["bursts"]
    plant.generator.send(signal.SIGUSR1)
    until = time.monotonic() + BURST_S_MAX
    while (now := plant.sent_so_far()["bursts"]) == before and time.monotonic() < until:
        time.sleep(0.1)
    return "generator", "a burst was sent" if now > before else ""
