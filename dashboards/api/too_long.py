"""A body that is longer than its endpoint takes is refused before it is read, as a problem.

Starlette's limit answers in plain text from outside of every handler; this makes a problem of it.
"""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.api.problems import problem

DETAIL: Final = "What was sent is longer than the {limit} bytes that are accepted here."


class TooLong:
    """ASGI middleware; every other answer passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on; a 413 that is no problem yet is answered anew."""
        instead = False

        async def guarded(message: Message) -> None:
            nonlocal instead
            if message["type"] == "http.response.start" and _plain_413(message):
                instead = True
                detail = DETAIL.format(limit=format(scope[MAX_BODY_SIZE_SCOPE_KEY], ","))
                refusal = problem(Request(scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
                await refusal(scope, receive, send)
            elif not instead:
                await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


def _plain_413(message: Message) -> bool:
    if message["status"] != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return False
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
