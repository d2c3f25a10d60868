"""Errors as problem details (RFC 9457); as a page where a person opened one."""

from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboards.api.templates import templates

MEDIA_TYPE: Final = "application/problem+json"


class Unavailable(HTTPException):
    """503: nothing to answer from yet; `detail` says what to wait for."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": "2"})


async def answer(request: Request, error: Exception) -> Response:
    """The handler for HTTPException."""
    if not isinstance(error, HTTPException):
        raise error
    return _problem(request, error.status_code, error.detail, error.headers)


async def answer_invalid(request: Request, error: Exception) -> Response:
    """The handler for RequestValidationError: which parameter, and what was wrong with it."""
    if not isinstance(error, RequestValidationError):
        raise error
    said = [f"{flaw['loc'][-1]}={flaw['input']!r}: {flaw['msg']}" for flaw in error.errors()]
    return _problem(request, HTTPStatus.BAD_REQUEST, "; ".join(said))


def _problem(request: Request, status: int, detail: str, headers: Any = None) -> Response:
    title = HTTPStatus(status).phrase
    if not request.url.path.startswith("/v1") and "text/html" in request.headers.get("accept", ""):
        shown = {"title": title, "detail": detail}
        return templates.TemplateResponse(
            request, "problem.html", shown, status_code=status, headers=headers
        )
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)
