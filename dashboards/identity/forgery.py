"""Against forged requests: what changes something by a session must come from our own page.

Two checks, each enough alone: the browser says that the page is of this host (`Origin`,
`Sec-Fetch-Site`), and the request carries the session's token, in the header `X-CSRF-Token` or in
the field `csrf` of a form. API keys need neither: no browser sends them by itself.
"""

import hmac
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboards.identity.sessions import form_token

HEADER: Final = "x-csrf-token"
FIELD: Final = "csrf"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE: Final = ("same-origin", "none")
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class Forged(HTTPException):
    """403: not sent by a page of this console."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, detail)


def of_this_host(request: Request) -> None:
    """Whether the browser says that one of our pages sent this. Raises Forged."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not own or (site is not None and site not in _OWN_SITE):
        raise Forged("This was sent by a page of another host.")


async def of_this_session(request: Request, token: str) -> None:
    """Both checks, for a request with a session's cookie. Raises Forged."""
    of_this_host(request)
    sent = request.headers.get(HEADER)
    if sent is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(FIELD)
        sent = field if isinstance(field, str) else None
    if not hmac.compare_digest((sent or "").encode(), form_token(token).encode()):
        raise Forged("The token of the session is missing or old: reload the page.")
