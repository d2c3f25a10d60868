"""A broker of one or several processes, and what tests, faults and benchmarks may do to it."""

import asyncio
import os
import random
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local import is_up

START_S_MAX = 120.0
STOP_S_MAX = 20.0
_POLL_S = 0.05
_PORTS = range(20_000, 32_000)


class NotStarted(Exception):
    """A node ended or did not answer in time; the message has the end of its log."""


class Node:
    """One process of a broker. Its address, folder and log stay the same over its restarts."""

    def __init__(
        self, address: str, command: list[str], log: Path, more: dict[str, str] | None = None
    ) -> None:
        self.address, self.log = address, log
        self._command, self._environment = command, {**os.environ, **(more or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process started last."""
        assert self._process is not None, f"the node at {self.address} was never started"
        return self._process

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start the process; does not wait for it."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=out, stderr=out
            )

    def wait_ready(self, nodes: int) -> None:
        """Wait until it answers and knows of so many living nodes. Raises NotStarted."""
        until = time.monotonic() + START_S_MAX
        while not (
            is_up(self.address, "TOLLWIRE_BROKER") and asyncio.run(_living(self.address)) >= nodes
        ):
            ended = self.process.poll() is not None
            if ended or time.monotonic() > until:
                what = "ended" if ended else f"did not answer within {START_S_MAX:.0f} s"
                tail = self.log.read_text(errors="replace")[-2_000:]
                raise NotStarted(f"the broker at {self.address} {what}:\n{tail}")
            time.sleep(_POLL_S)


class Broker:
    """Nodes that are one broker. None of its methods may be called from a coroutine."""

    name: ClassVar[str]
    """For test ids and reports."""
    durable: ClassVar[bool]
    """Whether the log outlives kill -9 of every node."""

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes

    @property
    def address(self) -> str:
        """HOST:PORT of each node, separated by commas: a value of TOLLWIRE_BROKER."""
        return ",".join(node.address for node in self._nodes)

    def start(self) -> None:
        """Start every node that does not run; wait until all answer. Raises NotStarted."""
        for node in self._nodes:
            if not node.runs:
                node.launch()
        for node in self._nodes:
            node.wait_ready(len(self._nodes))

    def kill(self, node: int = 0) -> None:
        """kill -9, and wait until the process is gone."""
        self._nodes[node].process.kill()
        self._nodes[node].process.wait(STOP_S_MAX)

    def restart(self, node: int = 0) -> None:
        """Start a node again, same port and folder; waits until it answers. Raises NotStarted."""
        self._nodes[node].launch()
        self._nodes[node].wait_ready(sum(n.runs for n in self._nodes))

    def stop(self) -> None:
        """SIGTERM to every node; kill -9 for those that do not go."""
        running = [number for number, node in enumerate(self._nodes) if node.runs]
        for number in running:
            self._nodes[number].process.terminate()
        for number in running:
            try:
                self._nodes[number].process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.kill(number)

    def pid(self, node: int = 0) -> int:
        """Process id of a node."""
        return self._nodes[node].process.pid

    def log_of(self, node: int = 0) -> Path:
        """The file with what a node printed, over all its restarts."""
        return self._nodes[node].log


def steady_port() -> int:
    """A loopback port that is free, and stays so while its broker is dead.

    The kernel gives ports of its own range to outgoing connections: a client that knocks at a
    dead broker's port of that range can be given the very port, and then talks to itself.
    """
    while True:
        port = random.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def _living(address: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=2_000)
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"])
    except (KafkaError, TimeoutError):
        return 0
    finally:
        await admin.close()
