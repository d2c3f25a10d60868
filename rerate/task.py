"""A task: one chunk of one step, as it travels in rerate.tasks. Says everything its worker needs.

A task is a hint and not the truth: whether a chunk is done is known from `rerate_chunk` alone, so a
task may be lost, repeated or come too late.
"""

import json
from enum import StrEnum
from typing import NamedTuple

from rerate import scope
from rerate.plan import Chunk, Key
from rerate.scope import Scope


class Phase(StrEnum):
    """What a step does."""

    PREVIEW = "preview"
    APPLY = "apply"
    ROLL_BACK = "rollback"


class Task(NamedTuple):
    """One chunk of one step of a run."""

    run: int
    step: int
    """a number no other step of any run has; later steps have higher ones"""
    turn: int
    """0, then one more for each sweep of calls that came in during the step"""
    phase: Phase
    scope: Scope
    digest: str
    """of what it prices from"""
    undoes: int
    """of a roll-back: the step it takes back; else 0"""
    chunk: Chunk

    def encode(self) -> bytes:
        """As bytes; `decode` reads them."""
        return json.dumps(
            {**self._asdict(), "scope": self.scope.canonical()}, separators=(",", ":")
        ).encode()


def decode(data: bytes) -> Task:
    """A task from its bytes."""
    said = json.loads(data)
    ident, day, begin, end, calls = said["chunk"]
    return Task(
        **{
            **said,
            "phase": Phase(said["phase"]),
            "scope": scope.parse(json.loads(said["scope"])),
            "chunk": Chunk(ident, day, Key(*begin), end and Key(*end), calls),
        }
    )
