"""Credit over HTTP, for switches: may this call begin, may it go on; any worker answers.

POST /v1/authorize, POST /v1/calls/update, GET /v1/credit/ACCOUNT. The worker that has the account's
partition decides; the others ask it. Where nobody knows the balance the answer is no, unless the
account's limit says "allow".
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from billing.credit.call_events import CallEvent, Kind, parse_request
from billing.credit.limits import Limit
from billing.errors import BadField
from billing.money import format_nanos
from deploy.runtime.settings import Settings, SettingsError, host_port
from streams.agents.credit import CreditAgent
from streams.credit_messages import now_ms
from streams.credit_owners import Owners, own_url, partition_of

BODY_BYTES_MAX: Final = 64 * 1024
FORWARD_S_MAX: Final = 2.0
AUTHORIZE: Final = "/v1/authorize"
FORWARDED: Final = "X-Tollwire-Forwarded"
ALLOWED_BLIND_S: Final = 60
"""of talk, for accounts that are allowed while nobody knows their balance"""

Ready = Callable[[int], bool]
"""whether this worker has a partition, and knows its accounts"""
Answer = Callable[[int], Awaitable[web.Response]]


class CreditHttp:
    """The endpoint of one worker."""

    def __init__(
        self,
        settings: Settings,
        agent: CreditAgent,
        owners: Owners,
        ready: Ready,
        limit: Callable[[str], Limit | None],
    ) -> None:
        self._settings, self._agent, self._owners = settings, agent, owners
        self._ready, self._limit = ready, limit
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None

    async def start(self) -> None:
        """Listen. Raises SettingsError where the address is taken."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.post(AUTHORIZE, self._authorize),
                web.post("/v1/calls/update", self._update),
                web.get("/v1/credit/{account}", self._credit),
            ]
        )
        self._session = ClientSession(timeout=ClientTimeout(total=FORWARD_S_MAX))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        host, port = host_port(self._settings.controls, "TOLLWIRE_CONTROLS")
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            at = self._settings.controls
            raise SettingsError(f"TOLLWIRE_CONTROLS={at!r}: cannot listen there: {error}") from None

    async def stop(self) -> None:
        """Answer no more."""
        if self._session:
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()

    async def _authorize(self, request: web.Request) -> web.Response:
        async def answer(partition: int) -> web.Response:
            found = await self._agent.authorize(call, vendors, partition)
            if found is None:
                return self._blind(call.customer)
            money = {
                name: format_nanos(getattr(found, f"{name}_nanos")) for name in ("reserved", "free")
            }
            named = ("allowed", "reason", "max_s", "granted_s", "destination", "vendors")
            return _json({name: getattr(found, name) for name in named} | money)

        asked = await self._asked(request, "start")
        if isinstance(asked, web.Response):
            return asked
        call, vendors = asked
        return await self._answered(request, call.customer, answer)

    async def _update(self, request: web.Request) -> web.Response:
        async def answer(partition: int) -> web.Response:
            seconds = await self._agent.update(call, partition)
            return _json({"known": seconds is not None, "granted_s": seconds or 0})

        asked = await self._asked(request, "update")
        if isinstance(asked, web.Response):
            return asked
        call = asked[0]
        return await self._answered(request, call.customer, answer)

    async def _credit(self, request: web.Request) -> web.Response:
        account = request.match_info["account"]

        async def answer(partition: int) -> web.Response:
            return _json(self._agent.state(account, partition))

        return await self._answered(request, account, answer)

    async def _asked(
        self, request: web.Request, kind: Kind
    ) -> tuple[CallEvent, tuple[str, ...]] | web.Response:
        try:
            return parse_request(await request.read(), kind, now_ms())
        except BadField as flaw:
            said = {"title": str(flaw), "field": flaw.field, "detail": flaw.detail}
            return _json(said, 400)

    async def _answered(self, request: web.Request, account: str, answer: Answer) -> web.Response:
        """The answer of whoever has the account's partition."""
        partition = partition_of(account, self._settings.partitions)
        if self._ready(partition):
            return await answer(partition)
        url = self._owners.url(partition)
        if FORWARDED not in request.headers and url and url != own_url(self._settings):
            found = await self._forwarded(request, url)
            if found is not None:
                return found
        return self._blind(account, request.path == AUTHORIZE)

    async def _forwarded(self, request: web.Request, url: str) -> web.Response | None:
        assert self._session is not None
        body, headers = await request.read(), {FORWARDED: own_url(self._settings)}
        try:
            async with self._session.request(
                request.method, url + request.raw_path, data=body or None, headers=headers
            ) as found:
                answer = await found.read()
                return web.Response(
                    body=answer, status=found.status, content_type="application/json"
                )
        except (ClientError, TimeoutError):
            return None

    def _blind(self, account: str, new_call: bool = True) -> web.Response:
        """Nobody knows the balance just now."""
        limit = self._limit(account) if new_call else None
        if limit is not None and limit.when_recovering == "allow":
            seconds = {"max_s": ALLOWED_BLIND_S, "granted_s": ALLOWED_BLIND_S}
            more = {"destination": "", "vendors": [], "reserved": "0", "free": ""}
            return _json({"allowed": True, "reason": "recovering", **seconds, **more})
        said = {"allowed": False, "reason": "recovering", "max_s": 0, "granted_s": 0}
        return _json(said, 503)


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
