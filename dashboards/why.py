"""Why a leg costs what it does, from the deck versions that were known when it was rated.

Money is looked up the slow and obvious way and charged with the plain formula (billing.explain), so
the steps are also a second opinion on what the stream charged.
"""

from typing import NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.deck import decode_options
from billing.explain import Explained, explain
from billing.parties import Account, parties_of
from billing.tariff import Tariff, compile_tariff
from clickhouse import reference
from clickhouse.call_search import Leg, Whole
from dashboards.call_schemas import Why

ROLES = {"sell": "customer", "buy": "vendor"}
NOTE = "Not what is charged. Currency, deck or exchange rate may have changed since; by those now:"


class _Known(NamedTuple):
    """What prices calls, as it is stored now."""

    accounts: dict[tuple[str, str], Account]
    versions: list[reference.VersionRow]
    fx: pa.Table


def why(client: Client, found: Whole) -> list[Why]:
    """The steps of each leg."""
    known = _Known(
        {(a.role, a.account): a for a in reference.load_accounts(client)},
        reference.list_versions(client),
        reference.load_fx(client),
    )
    return [_leg(client, found, leg, known) for leg in found.call.legs]


def _leg(client: Client, found: Whole, leg: Leg, known: _Known) -> Why:
    role = ROLES[leg.side]
    name = found.call.customer if role == "customer" else found.call.vendor
    account = known.accounts.get((role, name))
    if account is None:
        return Why(side=leg.side, lines=[f"There is no {role} {name!r}."], agrees=None)
    told = _told(client, found, leg, known, account)
    if leg.reason:
        return Why(side=leg.side, lines=told.lines, agrees=None)
    agrees = (told.billed_s, told.nanos) == (leg.billed_s, leg.nanos)
    return Why(side=leg.side, lines=told.lines if agrees else [NOTE, *told.lines], agrees=agrees)


def _told(client: Client, found: Whole, leg: Leg, known: _Known, account: Account) -> Explained:
    charged = next((v.deck for v in known.versions if v.number == leg.deck_version), "")
    deck = charged or account.deck
    last = leg.deck_version if charged and not leg.reason else None
    tariff = _tariff(client, known, leg.side, deck, last)
    if (leg.side, deck) not in tariff.currencies:
        return Explained([f"{leg.side}: there is no deck {deck!r}"], None, None)
    call = found.call
    return explain(
        *(tariff, leg.side, deck, call.called, call.at_ms, call.duration_ms),
        *(call.calling, account.currency, found.lrn),
    )


def _tariff(client: Client, known: _Known, side: str, deck: str, last: int | None) -> Tariff:
    """Of one deck alone, by its versions up to one."""
    own = [
        row
        for row in known.versions
        if (row.side, row.deck) == (side, deck) and (last is None or row.number <= last)
    ]
    versions = [reference.load_version(client, r, decode_options(r.options)) for r in own]
    return compile_tariff(versions, parties_of([]), known.fx)
