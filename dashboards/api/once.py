"""`Idempotency-Key`: a POST sent twice is carried out once, and answered twice with the same.

For endpoints whose answers hold no secret: answers are kept as they were given.
"""

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api.problems import Refused
from dashboards.documents.answers import AnotherRequest, Answers, Kept
from dashboards.identity.access import Needs, identity, rule_of

HEADER: Final = "idempotency-key"
KEY_CHARS_MAX: Final = 200
REPLAYED: Final = "idempotency-replayed"
_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text that is new for each request that is meant once, kept for 24 h.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class UnderWay(HTTPException):
    """409: the request of that key is being carried out, or was cut off without an answer."""

    def __init__(self) -> None:
        detail = (
            "A request with this Idempotency-Key has no answer yet. Try again in a moment; if it "
            "stays so, the console was stopped in its midst: look at what it was to change."
        )
        super().__init__(HTTPStatus.CONFLICT, detail, {"retry-after": "1"})


class Once(APIRoute):
    """A route whose POST may carry an `Idempotency-Key`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        if "POST" in (more.get("methods") or ()):
            extra = more.get("openapi_extra") or {}
            said = [*extra.get("parameters", []), _PARAMETER]
            more["openapi_extra"] = {**extra, "parameters": said}
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Handler:
        """The handler, which looks for the key first."""
        handle = super().get_route_handler()
        rule = rule_of(self.dependant)

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method != "POST":
                return await handle(request)
            if not 1 <= len(key) <= KEY_CHARS_MAX:
                raise Refused(f"Idempotency-Key: 1 to {KEY_CHARS_MAX} characters, not {len(key)}.")
            assert isinstance(rule, Needs), "a key belongs to somebody"
            person = await rule(request)  # nobody is told an answer that is not for them
            return await _answered(request, handle, person.name, key)

        return once


async def _answered(request: Request, handle: Handler, name: str, key: str) -> Response:
    answers, now_ms = _answers(request), identity(request).clock_ms()
    body = await request.body()
    sha256 = hashlib.sha256(b"%b\n%b" % (str(request.url).encode(), body)).hexdigest()
    try:
        kept = await run_in_threadpool(answers.take, name, key, sha256, now_ms)
    except AnotherRequest:
        raise Refused("This Idempotency-Key was sent with another request before.") from None
    if kept is not None:
        if kept.under_way:
            raise UnderWay
        return _again(kept)
    try:
        answer = await handle(request)
    except (
        HTTPException,
        RequestValidationError,
    ):  # after anything else nobody knows what was done
        await run_in_threadpool(answers.free, name, key)
        raise
    what = Kept(
        answer.status_code,
        answer.media_type or answer.headers.get("content-type", ""),
        answer.headers.get("etag", ""),
        bytes(answer.body),
    )
    await run_in_threadpool(answers.keep, name, key, what)
    return answer


def _again(kept: Kept) -> Response:
    headers = {REPLAYED: "true"} | ({"etag": kept.tag} if kept.tag else {})
    return Response(kept.body, kept.status, headers, kept.media_type or None)


def _answers(request: Request) -> Answers:
    found = request.app.state.answers
    assert isinstance(found, Answers)
    return found
