"""`python -m tests.contract.history` writes the messages of versions that have none in golden/ yet.

A file is never written again: it is what that version wrote, and what stands in the topics.
"""

from pathlib import Path

from deploy.contract.message import ArrowMessage, Message
from streams import topics, wire
from tests.contract.schemas import BY_TOPIC, JSON_MESSAGES
from tests.streams.test_step import call, raw, step

GOLDEN = Path(__file__).parent / "golden"


def arrow_samples() -> dict[str, bytes]:
    """Messages of a step of the rater: a rated call, an attempt, a suspended one, a dead one."""
    records: list[object] = [
        call("rated", calling="442071234567", sip_code=200, pdd_ms=1_200),
        call("attempt", vendor="", duration_ms=0, sip_code=404),
        call("suspended", called="33123456789"),
        call("dead", called="nobody"),
        call("rated"),
        b"{",
    ]
    outcome = step([raw(n, record) for n, record in enumerate(records)])
    return {
        topics.RATED: wire.encode(outcome.rated),
        topics.DEAD: wire.encode(outcome.dead),
        topics.RECEIPT: wire.encode(outcome.receipts),
    }


def golden_files(message: Message, version: int) -> list[Path]:
    """The files of a version's messages."""
    return sorted(GOLDEN.glob(f"{message.topic}.v{version}.*"))


def write_missing() -> list[Path]:
    """Write messages of today's versions that have none; returns the files."""
    found = {topic: [value] for topic, value in arrow_samples().items()}
    found |= {message.topic: message.samples() for message in JSON_MESSAGES}
    written = []
    for topic, values in found.items():
        message = BY_TOPIC[topic]
        if golden_files(message, message.version):
            continue
        kind = "arrow" if isinstance(message, ArrowMessage) else "json"
        for n, value in enumerate(values):
            path = GOLDEN / f"{topic}.v{message.version}.{n}.{kind}"
            path.write_bytes(value)
            written.append(path)
    return written


if __name__ == "__main__":
    for path in write_missing():
        print(f"written: tests/contract/golden/{path.name}")
