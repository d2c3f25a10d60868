"""The session's cookie: no script reads it, no other site sends it with a form.

Behind https it is Secure and carries the prefix `__Host-`, so that no other host can set it.
"""

from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

PLAIN: Final = "tollwire_session"
SECURE: Final = f"__Host-{PLAIN}"


def _named(request: HTTPConnection) -> tuple[str, bool]:
    secure = request.url.scheme == "https"
    return (SECURE if secure else PLAIN), secure


def read(request: HTTPConnection) -> str:
    """The token that the browser sent, or nothing."""
    return request.cookies.get(_named(request)[0], "")


def give(request: HTTPConnection, response: Response, token: str) -> None:
    """Have the browser keep a token until it closes; the session's own ages hold before that."""
    name, secure = _named(request)
    response.set_cookie(name, token, path="/", secure=secure, httponly=True, samesite="lax")


def take(request: HTTPConnection, response: Response) -> None:
    """Have the browser forget it."""
    name, secure = _named(request)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
