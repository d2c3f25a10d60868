"""The first start with no user: an admin, and a one-time password on the terminal, once."""

import sys

from dashboards.identity.store import Identity
from dashboards.identity.users import FIRST


def greet(identity: Identity, console: str) -> None:
    """Make the first admin if there is no user, and print how to sign in."""
    password = identity.users.first(identity.clock_ms())
    if password is not None:
        sys.stdout.write(
            f"first sign-in at http://{console}: name {FIRST}, one-time password {password}\n"
            "It is shown this once and must be changed at the first sign-in.\n"
        )
        sys.stdout.flush()
