"""Faults of the workers, raters and controls: killed, stopped, told to leave, joined by another."""

import asyncio
import signal
import time
from typing import Final

from tests.chaos.drain import members
from tests.chaos.plant import GROUPS, Role
from tests.chaos.processes import Process
from tests.chaos.scene import Busy, Fault, Scene, held, pause, restarted

ZOMBIE_S: Final = 20.0
NOTICED_S_MAX: Final = 20.0
JOINED_S_MAX: Final = 60.0
GHOST_S_MAX: Final = 14.0
TAKEN: Final[dict[Role, tuple[str, ...]]] = {
    "rater": ("partition taken over",),
    "controls": ("because it is rebalancing", "worker ready"),
}
"""What a worker's log says when it gets the partitions of one that was given up."""
KICKED_OUT: Final = (
    "UnknownMemberId",
    "was not recognized",
    "Heartbeat session expired",
    "IllegalGeneration",
)
"""What it says once it has been given up, in the client's words."""


def _worker(scene: Scene, role: Role) -> Process:
    """One of the two workers that stay; one that is ready if there is one."""
    free = [w for w in scene.plant.workers(role) if not w.lock.locked() and w.alive()]
    if not free:
        raise Busy
    return scene.rng.choice([worker for worker in free if worker.is_ready()] or free)


def _kill_canary(scene: Scene) -> None:
    canary = scene.plant.canary
    if canary.alive() and canary.lock.acquire(blocking=False):
        try:
            canary.kill()
            canary.start()
            scene.plant.canary_kills += 1
        finally:
            canary.lock.release()


def _ghost(scene: Scene, role: Role) -> str:
    """Whether the group has more members than there are workers; the embedded broker cannot say."""
    plant = scene.plant
    if not plant.broker.durable:
        return ""
    until = time.monotonic() + GHOST_S_MAX
    while time.monotonic() < until and not scene.over.wait(0.4):
        own = plant.raters if role == "rater" else plant.controls
        alive = sum(worker.alive() for worker in own)
        if (count := asyncio.run(members(plant.direct, GROUPS[role]))) > alive:
            plant.ghosts += 1
            return f"; {count} members in the group, {alive} alive"
    return ""


def kill(role: Role) -> Fault:
    """kill -9 and at once a new one: the group still has the dead member. The canary too."""

    def fault(scene: Scene) -> tuple[str, str]:
        worker = _worker(scene, role)
        with held(worker.lock):
            before = worker.pid
            status = worker.kill()
            worker.start()
            _kill_canary(scene)
            proof = restarted(worker, status, before)
            return worker.name, proof and proof + _ghost(scene, role)

    return fault


def kill_late(role: Role) -> Fault:
    """kill -9, and a new one some seconds later."""

    def fault(scene: Scene) -> tuple[str, str]:
        worker = _worker(scene, role)
        with held(worker.lock):
            before = worker.pid
            status = worker.kill()
            scene.wait(3.0, 10.0)
            worker.start()
            return worker.name, restarted(worker, status, before)

    return fault


def leave(role: Role) -> Fault:
    """SIGTERM, which lets it finish its work, and a new one."""

    def fault(scene: Scene) -> tuple[str, str]:
        worker = _worker(scene, role)
        with held(worker.lock):
            before = worker.pid
            status = worker.end()
            worker.start()
            went = f"exit status {status}, process {before} -> {worker.pid}"
            return worker.name, went if status == 0 else ""

    return fault


def zombie(role: Role) -> Fault:
    """SIGSTOP until another has its partitions; then it goes on as if nothing had happened."""

    def fault(scene: Scene) -> tuple[str, str]:
        worker = _worker(scene, role)
        others = [w for w in scene.plant.workers(role) if w is not worker and w.is_ready()]
        if not others:
            raise Busy
        with held(worker.lock):
            since = [(other, other.log_bytes()) for other in others]

            def taken() -> int:
                return sum(other.said(*TAKEN[role], since=begin) for other, begin in since)

            worker.send(signal.SIGSTOP)
            scene.wait_seen(lambda: taken() > 0, ZOMBIE_S, ZOMBIE_S)
            times = taken()
            own = worker.log_bytes()
            worker.send(signal.SIGCONT)
            until = time.monotonic() + NOTICED_S_MAX
            while not (noticed := worker.said(*KICKED_OUT, since=own)):
                if time.monotonic() > until:
                    break
                time.sleep(0.2)
        found = f"another said {times} times: {TAKEN[role][0]}; its own log says it was given up"
        return worker.name, found if times and noticed else ""

    return fault


def pause_shortly(role: Role) -> Fault:
    """SIGSTOP for less than it takes to be given up."""

    def fault(scene: Scene) -> tuple[str, str]:
        worker = _worker(scene, role)
        with held(worker.lock):
            return pause(scene, worker.pid, worker.name, 1.0, 5.0)

    return fault


def join_and_leave(scene: Scene) -> tuple[str, str]:
    """A third rater joins, and leaves again: one time told to, the other killed."""
    third = scene.plant.raters[2]
    with held(third.lock):
        since = third.log_bytes()
        third.start()
        until = time.monotonic() + JOINED_S_MAX
        while not third.said(*TAKEN["rater"], since=since) and third.alive():
            if time.monotonic() > until or scene.over.wait(0.2):
                break
        scene.wait(1.0, 8.0)
        taken = third.said(*TAKEN["rater"], since=since)
        number = scene.rng.choice((signal.SIGTERM, signal.SIGKILL))
        third.end(number)
        return third.name, f"took {taken} partitions, then {number.name}" if taken else ""
