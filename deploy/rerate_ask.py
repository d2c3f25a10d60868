"""What an operator says of a run, as values: its scope, and the decks it prices by instead."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from billing.deck import ALWAYS_MS, SIDES, DeckOptions, decode_options
from billing.errors import TollwireError
from clickhouse import reference
from clickhouse.client import connect
from deploy.files import read_file
from deploy.reference import load_deck
from deploy.runtime.settings import Settings
from rerate.scope import Scope, ScopeRefused, parse


def scope_of(file: Path | None, given: Mapping[str, Any], calls: Path | None) -> Scope:
    """The scope of a TOML file, and of options, which go before it. Raises ScopeRefused."""
    said: dict[str, Any] = {}
    if file is not None:
        try:
            said = tomllib.loads(read_file(file).decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ScopeRefused(f"{file}: not TOML: {error}") from None
    said |= {name: value for name, value in given.items() if value}
    if calls is not None:
        lines = read_file(calls).decode("ascii", "replace").splitlines()
        said["calls"] = [line.strip().lower() for line in lines if line.strip()]
    for name, value in said.items():
        if value == []:
            where = calls if name == "calls" and calls is not None else file
            raise ScopeRefused(f"{where}: {name}: empty; leave it out to mean all of them")
    return parse(said)


def instead_of(settings: Settings, options: Sequence[str]) -> dict[tuple[str, str], str]:
    """(side, deck) -> the other deck, of options SIDE:DECK=OTHER.

    OTHER may be a CSV file: it is stored as a deck that no account has, with the rules of DECK.
    Raises TollwireError, and whatever loading a deck raises.
    """
    found = {}
    for option in options:
        name, _, other = option.partition("=")
        side, _, deck = name.partition(":")
        if side not in SIDES or not deck or not other:
            raise TollwireError(f"--instead {option!r}: expected SIDE:DECK=OTHER, as sell:gold=new")
        path = Path(other)
        found[side, deck] = _stored(settings, path, side, deck) if path.is_file() else other
    return found


def _stored(settings: Settings, path: Path, side: str, deck: str) -> str:
    digest = hashlib.sha256(read_file(path)).hexdigest()[:8]
    name = f"{deck}, what if {digest}"
    options = _options(settings, side, deck)
    load_deck(settings, path, name, side, "full", ALWAYS_MS, options, skip_bad_rows=False)
    return name


def _options(settings: Settings, side: str, deck: str) -> DeckOptions:
    client = connect(settings)
    try:
        own = [v for v in reference.list_versions(client) if (v.side, v.deck) == (side, deck)]
    finally:
        client.close()
    if not own:
        raise TollwireError(f"--instead: there is no {side} deck {deck!r}; see tollwire deck list")
    return decode_options(own[-1].options)
