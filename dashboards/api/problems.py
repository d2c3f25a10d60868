"""Errors as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MEDIA_TYPE: Final = "application/problem+json"


class Unavailable(HTTPException):
    """503: nothing to answer from yet; `detail` says what to wait for."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": "2"})


async def answer(request: Request, error: Exception) -> Response:
    """The handler for HTTPException."""
    if not isinstance(error, HTTPException):
        raise error
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": error.detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, error.status_code, headers=error.headers, media_type=MEDIA_TYPE)
