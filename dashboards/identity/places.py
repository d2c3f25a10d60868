"""Where somebody goes after signing in: a path of this console, never another site. Pure."""

from typing import Final
from urllib.parse import quote

CHARS_MAX: Final = 2_000


def local_path(text: str, otherwise: str = "/") -> str:
    """The path if it is one of this host, else another one.

    Browsers read `//host`, `/\\host` and tabs or line ends in between as another host.
    """
    plain = all(" " < char < "\x7f" and char != "\\" for char in text)
    local = text.startswith("/") and not text.startswith("//")
    return text if plain and local and len(text) <= CHARS_MAX else otherwise


def sign_in_for(path: str) -> str:
    """The sign-in page that leads to this path afterwards."""
    return f"/sign-in?next={quote(path, safe='/')}"
