"""Errors as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MEDIA_TYPE: Final = "application/problem+json"
_log = structlog.get_logger()


class Problem(BaseModel):
    """What every refusal is answered with (RFC 9457)."""

    type: Literal["about:blank"]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[404])]
    detail: Annotated[str, Field(examples=["there is no alert 00000000000000aa"])]
    instance: Annotated[str, Field(examples=["/v1/alerts/00000000000000aa"])]


class Unavailable(HTTPException):
    """503: nothing to answer from yet; `detail` says what to wait for."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": "2"})


class Refused(HTTPException):
    """422: what was sent is not accepted; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


class Limited(HTTPException):
    """429: too often; the header says when it may be tried again."""

    def __init__(self, detail: str, wait_s: int) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, detail, {"retry-after": str(wait_s)})


async def answer(request: Request, error: Exception) -> Response:
    """The handler for HTTPException."""
    if not isinstance(error, HTTPException):
        raise error
    return problem(request, error.status_code, str(error.detail), error.headers)


async def answer_invalid(request: Request, error: Exception) -> Response:
    """The handler for what does not fit a model. Only the address's values are repeated: others
    may be passwords.
    """
    if not isinstance(error, RequestValidationError):
        raise error
    said = "; ".join(map(_flaw, error.errors()))
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, said)


async def answer_away(request: Request, error: Exception) -> Response:
    """The handler for a database of documents that cannot be used."""
    _log.error("documents away", reason=str(error))
    detail = "The database of documents does not answer; the console's log says why."
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": "2"})


def _flaw(found: Mapping[str, Any]) -> str:
    where, *names = found["loc"]
    value = f"={found['input']!r}" if where == "query" else ""
    return f"{'.'.join(map(str, names))}{value}: {found['msg']}"


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with problem details."""
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
    )
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)
