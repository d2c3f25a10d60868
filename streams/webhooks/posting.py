"""One message to one target: signed, tried again until it is taken or too old."""

import asyncio
import hmac
import time
from hashlib import sha256
from typing import Any, Final

import aiohttp
import structlog

from deploy.runtime import metrics
from streams.webhooks.targets import Target

ID, TOPIC = "tollwire-id", "tollwire-topic"
TIMESTAMP, SIGNATURE = "tollwire-timestamp", "tollwire-signature"
PAUSE_S_FIRST: Final = 0.5
PAUSE_S_MAX: Final = 60.0
_TAKEN: Final = range(200, 300)
_log = structlog.get_logger()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What proves who sent a body, and when: HMAC-SHA256 of timestamp, a point, and the body."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, sha256).hexdigest()


def headers_of(secret: str, ident: str, topic: str, body: bytes, now_s: int) -> dict[str, str]:
    """The headers of a post. ident: the same each time the message is sent."""
    return {
        "content-type": "application/json",
        ID: ident,
        TOPIC: topic,
        TIMESTAMP: str(now_s),
        SIGNATURE: signature(secret, str(now_s), body),
    }


class Poster:
    """Posts to one target. log: the cluster's id, part of every message's."""

    def __init__(self, name: str, target: Target, log: str, session: aiohttp.ClientSession) -> None:
        self._name, self._target, self._log, self._session = name, target, log, session

    async def deliver(self, message: Any) -> None:
        """Post until the target answers 2xx, or the message is too old; once in any case."""
        ident = f"{self._log}/{message.topic}/{message.partition}/{message.offset}"
        pause_s = PAUSE_S_FIRST
        while (why := await self._refused(ident, message.topic, message.value)) is not None:
            self._count("failed")
            old_s = time.time() - message.timestamp / 1_000
            if old_s + pause_s > self._target.give_up_after_s:
                self._count("given_up")
                _log.error("a message was given up", target=self._name, id=ident, why=why)
                return
            _log.warning("a post failed, trying again", target=self._name, id=ident, why=why)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)
        self._count("delivered")

    async def _refused(self, ident: str, topic: str, body: bytes) -> str | None:
        """Why one post was not taken; None: it was."""
        headers = headers_of(self._target.secret, ident, topic, body, int(time.time()))
        timeout = aiohttp.ClientTimeout(total=self._target.timeout_s)
        try:
            async with self._session.post(
                self._target.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return None if answer.status in _TAKEN else f"status {answer.status}"
        except (aiohttp.ClientError, OSError) as error:
            # TimeoutError is an OSError.
            return repr(error)[:200]

    def _count(self, outcome: str) -> None:
        metrics.WEBHOOK_POSTS.labels(self._name, outcome).inc()
