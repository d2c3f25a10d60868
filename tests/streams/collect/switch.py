"""A switch that writes CSV, and the collector's files without its process: what a kill leaves."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from billing.mediation import Message as RawMessage
from billing.mediation import mediate
from billing.mediation.switches import parse_sources
from streams import topics
from streams.collect.file_row import FileRow
from streams.collect.folder import FolderIntake
from streams.collect.ledger import Ledger, Message
from streams.collect.options import intakes
from streams.collect.pipeline import new_id
from streams.collect.step import Step
from streams.collect.tidying import tidy

HEADER = b"id,to,at,lasted,from_account,to_account\n"
LONG_AGO_S = 1_700_000_000
TOML = """
[sources.sw]
format = "csv"
zone = "UTC"
durations = "ms"
[sources.sw.fields]
call_id = ["id"]
called = ["to"]
answered_at = ["at"]
duration = ["lasted"]
customer = ["from_account"]
vendor = ["to_account"]
[sources.sw.collect]
"""


def line(number: int, customer: str = "acme") -> bytes:
    """A call of a minute as the switch writes it."""
    at = f"2026-11-{1 + number % 4:02}T10:00:00Z"
    return f"call-{number},4930123456,{at},60000,{customer},vend\n".encode()


def toml(folder: Path, **options: object) -> str:
    """switches.toml with one source, whose files are in a folder."""
    own = {"directory": str(folder), **options}
    return TOML + "".join(f"{name} = {json.dumps(value)}\n" for name, value in own.items())


class Collecting:
    """Steps by hand on real files and a real ledger; `kill` forgets all but these."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.files, self._kept = folder / "cdr", folder / "ledger"
        self.files.mkdir()
        self._intake = intakes(parse_sources(toml(self.files, **options), "t"), "t")[0]
        self.sent: list[Message] = []
        self.now_s = float(LONG_AGO_S)
        self._begin()

    def close(self) -> None:
        """Let go of every file."""
        self.folder.close()
        self.ledger.close()

    def kill(self) -> None:
        """What a kill -9 leaves is what the next process begins with."""
        self.close()
        self._begin()

    def _begin(self) -> None:
        self.ledger = Ledger(self._kept)
        self.folder = FolderIntake(self._intake, self.ledger, self._new)

    def _new(self) -> str:
        return new_id()

    def step(self) -> bool:
        """Look and take once; nothing of it is kept before `keep`."""
        self.pending = Step(self._new(), int(self.now_s * 1_000))
        stamps = self.folder.look(self.now_s)
        return self.folder.take(stamps, self.pending)

    def keep(self) -> None:
        """The step in the ledger."""
        if not self.pending.empty:
            step = self.pending
            self.ledger.keep(step.files.values(), step.messages, {0: 0}, "log", step.readers)

    def send(self) -> None:
        """What the ledger has goes to the broker, which acknowledges it."""
        unsent = self.ledger.unsent()
        self.sent += [message for message in unsent if message.topic == topics.RAW]
        self.ledger.sent([message.number for message in unsent])
        for row in self.pending.tidy:
            tidy(self.folder.folder, row)

    def run(self, looks: int = 5, each_s: float = 1.0) -> None:
        """So many looks, and as many more as there is more to read."""
        while looks:
            more = self.step()
            self.keep()
            self.send()
            looks -= not more
            self.now_s += each_s

    def write(self, name: str, data: bytes, how: str = "ab") -> Path:
        """The switch writes; the time is the collector's."""
        path = self.files / name
        with path.open(how) as file:
            file.write(data)
        return self.touch(path)

    def pack(self, name: str, data: bytes) -> Path:
        """A .gz file that was moved in."""
        return self.write(name, gzip.compress(data), "wb")

    def touch(self, path: Path) -> Path:
        """It was changed now."""
        os.utime(path, (self.now_s, self.now_s))
        return path

    def calls(self) -> Counter[str]:
        """The calls that were sent, by id, and how often each."""
        found = mediate([RawMessage(m.value, m.kind) for m in self.sent])
        return Counter(found.calls.column("call_id").to_pylist())

    def dead(self) -> list[dict[str, Any]]:
        """The dead letters that were sent."""
        found = mediate([RawMessage(m.value, m.kind) for m in self.sent])
        return list(found.dead.to_pylist())

    def row(self, name: str) -> FileRow:
        """What the ledger says of a file."""
        row = self.ledger.named("sw", name)
        assert row is not None
        return row


def ids(*numbers: int) -> Counter[str]:
    """These calls, each once."""
    return Counter(f"call-{number}" for number in numbers)
