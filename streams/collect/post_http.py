"""POST over HTTP: 200 when the broker has the records; 400, 401, 404, 413 or 503, with why.

Requests that come while a step is on its way wait for the next one and go together. Nothing is
promised before it is kept: who gets no 200 sends again, and the rater knows the call by its id.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web

from billing.errors import BadField
from deploy.runtime import metrics
from deploy.runtime.settings import Settings, SettingsError, host_port
from streams.collect import posts
from streams.collect.ledger import Ledger
from streams.collect.options import Intake
from streams.collect.pipeline import Pipeline, new_id
from streams.collect.posts import Posted
from streams.collect.step import Step

WAITING_MAX: Final = 1_000
"""requests"""
WAITING_BYTES_MAX: Final = 16 * 1024 * 1024
TOGETHER_MAX: Final = 500
"""requests in one step"""
ANSWER_S_MAX: Final = 10.0


class _Waiting(NamedTuple):
    intake: Intake
    record: bytes
    answer: "asyncio.Future[Posted]"


class PostHttp:
    """The endpoint: a path for each source that has one."""

    def __init__(
        self, settings: Settings, intakes: list[Intake], ledger: Ledger, pipeline: Pipeline
    ) -> None:
        self._settings, self._ledger, self._pipeline = settings, ledger, pipeline
        self._intakes = {i.post.path: i for i in intakes if i.post is not None}
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen, if a source has a path. Raises SettingsError where the address is taken."""
        if not self._intakes:
            return
        app = web.Application(client_max_size=posts.BODY_BYTES_MAX)
        app.add_routes([web.post(path, self._post) for path in self._intakes])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        host, port = host_port(self._settings.collect, "TOLLWIRE_COLLECT")
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            at = self._settings.collect
            raise SettingsError(f"TOLLWIRE_COLLECT={at!r}: cannot listen there: {error}") from None

    async def stop(self) -> None:
        """Answer no more."""
        if self._runner:
            await self._runner.cleanup()

    async def run(self) -> None:
        """Take what is posted, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._together()

    async def _together(self) -> None:
        """One step with what waits, but for those whose sender has given up."""
        first, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
        self._waiting_bytes -= sum(len(waiting.record) for waiting in first)

        def take(step: Step) -> list[tuple[_Waiting, Posted]]:
            return self._taken([w for w in first if not w.answer.done()], step)

        for waiting, outcome in await self._pipeline.step(take):
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)

    def _taken(self, alive: list[_Waiting], step: Step) -> list[tuple[_Waiting, Posted]]:
        found = []
        for path, intake in self._intakes.items():
            own = [waiting for waiting in alive if waiting.intake is intake]
            records = [waiting.record for waiting in own]
            outcomes = posts.take(intake, path, records, step, self._ledger, new_id)
            found += list(zip(own, outcomes, strict=True))
        return found

    async def _post(self, request: web.Request) -> web.Response:
        answer = await self._answered(request)
        metrics.COLLECT_POSTS.labels(str(answer.status)).inc()
        return answer

    async def _answered(self, request: web.Request) -> web.Response:
        intake = self._intakes[request.path]
        assert intake.post is not None
        if not posts.may_post(intake.post, request.headers.get("Authorization", "")):
            said = {"WWW-Authenticate": f'Basic realm="{request.path}"'}
            return _said(401, "a token of this source is needed: Bearer, or Basic", said)
        try:
            body = await request.read()
            record = posts.record_of(body, request.headers.get("Content-Type", ""))
        except web.HTTPRequestEntityTooLarge:
            return _said(413, f"a body has at most {posts.BODY_BYTES_MAX:,} bytes")
        except BadField as flaw:
            return _said(400, flaw.detail)
        full = self._waiting_bytes + len(record) > WAITING_BYTES_MAX
        if full or len(self._waiting) >= WAITING_MAX:
            return _said(503, "too many records wait for the broker: send it again later", _LATER)
        return await self._outcome(intake, record)

    async def _outcome(self, intake: Intake, record: bytes) -> web.Response:
        answer: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(intake, record, answer))
        self._waiting_bytes += len(record)
        self._news.set()
        try:
            outcome = await asyncio.wait_for(answer, ANSWER_S_MAX)
        except TimeoutError:
            return _said(503, "the broker has not answered: send it again later", _LATER)
        if outcome.refused:
            return _said(400, outcome.refused)
        return web.json_response({"calls": outcome.calls, "dead": outcome.dead})


_LATER: Final = {"Retry-After": "5"}


def _said(status: int, title: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"title": title}, status=status, headers=dict(headers or {}))
