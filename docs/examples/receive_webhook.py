"""Is a webhook ours, and new? What a receiver checks before it believes one."""

import hmac
from collections.abc import Mapping
from hashlib import sha256

OLD_S_MAX = 300
"""A post that is older, or from the future, is refused: somebody may have kept it."""


def is_ours(secret: str, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
    """Whether a body was signed with the secret just now. headers: names in small letters."""
    timestamp = headers.get("tollwire-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdecimal():
        return False
    if abs(now_s - int(timestamp)) > OLD_S_MAX:
        return False
    signed = timestamp.encode() + b"." + body
    expected = "v1=" + hmac.new(secret.encode(), signed, sha256).hexdigest()
    return hmac.compare_digest(expected, headers.get("tollwire-signature", ""))
