"""Partners' agreements from a TOML file: notice of increases, and how many people it takes."""

import tomllib
from typing import Any, Final

from billing.deck import SIDES
from billing.deck_draft import NOTICE_DAYS_MAX, Agreement
from billing.errors import OptionsRefused

AGREEMENTS_MAX: Final = 10_000
_FLAGS: Final = ("publish_by_another", "four_eyes")
_KEYS: Final = ("decks", "notice_days", *_FLAGS)


def parse_agreements(text: str, file: str) -> list[Agreement]:
    """Agreements of tables [SIDE.PARTNER]; a partner's decks are by default the deck of its name.

    Raises OptionsRefused naming file, key and value.
    """
    try:
        found = _agreements(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise OptionsRefused(f"{file}: {error}") from None
    return found


def _agreements(said: dict[str, Any]) -> list[Agreement]:
    found: list[Agreement] = []
    for side, partners in said.items():
        if side not in SIDES or not isinstance(partners, dict):
            raise ValueError(f"[{side}]: expected tables [sell.PARTNER] and [buy.PARTNER]")
        found += [_agreement(side, partner, table) for partner, table in partners.items()]
    if len(found) > AGREEMENTS_MAX:
        raise ValueError(f"more than {AGREEMENTS_MAX} agreements")
    taken: dict[tuple[str, str], str] = {}
    for own in found:
        for deck in own.decks:
            other = taken.setdefault((own.side, deck), own.partner)
            if other != own.partner:
                raise ValueError(f"{own.side} deck {deck} is under {other} and {own.partner}")
    return found


def _agreement(side: str, partner: str, table: Any) -> Agreement:
    where = f"{side}.{partner}"
    if not isinstance(table, dict):
        raise ValueError(f"{where}={table!r}: expected a table")
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"{where}.{key}: no such key; there are {', '.join(_KEYS)}")
    decks = table.get("decks", [partner])
    if not isinstance(decks, list) or not all(isinstance(d, str) and d for d in decks):
        raise ValueError(f"{where}.decks={decks!r}: expected a list of names")
    days = table.get("notice_days", 0)
    if type(days) is not int or not 0 <= days <= NOTICE_DAYS_MAX:
        raise ValueError(f"{where}.notice_days={days!r}: a whole number, 0 to {NOTICE_DAYS_MAX}")
    for flag in _FLAGS:
        if type(table.get(flag, False)) is not bool:
            raise ValueError(f"{where}.{flag}={table[flag]!r}: true or false")
    flags = {flag: table.get(flag, False) for flag in _FLAGS}
    return Agreement(partner, side, tuple(decks), days, **flags)
