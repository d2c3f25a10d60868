"""The embedded broker as `tollwire serve broker` starts it. It keeps its log in memory."""

import sys
from pathlib import Path

from tests.kafka.broker import Broker, Node, steady_port


class Tansu(Broker):
    """One node; `folder` gets its log file."""

    name, durable = "embedded", False

    def __init__(self, folder: Path) -> None:
        address = f"127.0.0.1:{steady_port()}"
        command = [sys.executable, "-m", "deploy.cli", "serve", "broker"]
        super().__init__(
            [Node(address, command, folder / "broker.log", {"TOLLWIRE_BROKER": address})]
        )
