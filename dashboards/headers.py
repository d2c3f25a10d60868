"""Security headers on every answer. The policy allows this host only: no inline script or style.

The referrer is for this host alone: with none at all a browser says that our own forms come from
nowhere, and nothing tells them from another site's. Only files are kept by the browser.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
FILES: Final = "/static/"
SECURITY: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """ASGI middleware; works on streams, which it does not buffer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the start of each HTTP answer."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message, scope["path"])
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


def _add(message: MutableMapping[str, Any], path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    kept = path.startswith(FILES)
    headers.setdefault("cache-control", "no-cache" if kept else "no-store")
