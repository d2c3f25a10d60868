"""Apache Kafka in KRaft mode on loopback: one to three nodes, each broker and controller.

Kafka's own defaults wherever they bear on what is kept; smaller and quicker where they do not.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.kafka.broker import Broker, Node, NotStarted, steady_port
from tests.kafka.fetch import jars

CLUSTER_ID: Final = "dG9sbHdpcmUtdGVzdHMtMQ"
_JVM: Final = ("-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOG_LEVEL: Final = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
_FORMAT: Final = ("kafka.tools.StorageTool", "format", "--ignore-formatted")
_FORMAT_S_MAX: Final = 60


class Kafka(Broker):
    """A new cluster in `folder`, which holds its data, its properties and its logs."""

    name, durable = "kafka", True

    def __init__(self, folder: Path, nodes: int = 1) -> None:
        ports = [(steady_port(), steady_port()) for _ in range(nodes)]
        self._properties = [folder / f"kafka-{number}.properties" for number in range(nodes)]
        for number, path in enumerate(self._properties):
            path.write_text(properties(number, ports, folder / f"kafka-{number}"))
        super().__init__(
            [
                Node(
                    f"127.0.0.1:{ports[number][0]}",
                    _java("kafka.Kafka", str(path)),
                    folder / f"kafka-{number}.log",
                )
                for number, path in enumerate(self._properties)
            ]
        )

    def start(self) -> None:
        """As Broker.start; formats data folders that are new."""
        formatting = [
            subprocess.Popen(
                _java(*_FORMAT, "-t", CLUSTER_ID, "-c", str(path)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for path in self._properties
        ]
        for process in formatting:
            said, _ = process.communicate(timeout=_FORMAT_S_MAX)
            if process.returncode:
                raise NotStarted(f"Kafka's data folder cannot be formatted:\n{said[-2_000:]}")
        super().start()


def properties(number: int, ports: list[tuple[int, int]], data: Path) -> str:
    """server.properties of a node; `ports` are those of all nodes: (clients, controllers)."""
    clients, controllers = ports[number]
    copies = min(3, len(ports))
    voters = ",".join(f"{i}@127.0.0.1:{port}" for i, (_, port) in enumerate(ports))
    found = {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controllers}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{clients}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": min(2, copies),
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        # a node that was killed is given up, and may come back, after this and not after 9 s
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        # what is due to go goes within seconds, not minutes
        "log.initial.task.delay.ms": 500,
        "log.retention.check.interval.ms": 1_000,
        "log.segment.delete.delay.ms": 1_000,
        "log.cleaner.backoff.ms": 1_000,
    }
    return "".join(f"{name}={value}\n" for name, value in found.items())


def _java(main: str, *arguments: str) -> list[str]:
    java = shutil.which("java")
    if java is None:
        raise NotStarted("Apache Kafka needs Java, and there is none")
    return [java, *_JVM, _LOG_LEVEL, "-cp", f"{jars()}/*", main, *arguments]
