"""Options of the command line as values: a choice of words, an instant, a name."""

import getpass
import time

from billing.errors import TollwireError
from billing.instants import format_instant_ms, parse_instant_ms


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed words. Raises TollwireError."""
    if value not in allowed:
        raise TollwireError(f"--{name} {value}: one of {', '.join(allowed)}")
    return value


def instant(name: str, text: str) -> int:
    """An instant in milliseconds since 1970; "now" is now. Raises TollwireError."""
    if text == "now":
        return int(time.time() * 1_000)
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise TollwireError(f"--{name} {text!r}: {error}") from None


def now() -> str:
    """Now, as options spell it."""
    return format_instant_ms(int(time.time() * 1_000))


def me(by: str) -> str:
    """Who somebody says to be, else their login."""
    return by or getpass.getuser()
