"""Why one call of a run costs what it does, and what it would cost: step by step, both times."""

from typing import Any

from clickhouse_connect.driver.client import Client

from billing.explain import Explained, explain
from billing.money import format_nanos
from billing.parties import Account
from billing.tariff import Tariff
from clickhouse.rerate_read import read_call
from rerate.life import Refused
from rerate.prices import SIDE_OF, Prices, tariff_of


def explained(client: Client, prices: Prices, call: str) -> list[str]:
    """Lines of both legs, as they are charged and as the run prices them. Raises Refused.

    call: its cdr id. The charge of now is explained by the deck versions up to the one it names; if
    that gives another amount (the account or an exchange rate was another then), that is said.
    """
    found, legs = read_call(client, call)
    if not found:
        raise Refused(f"there is no call {call!r}: a cdr id has 32 hexadecimal digits")
    after = tariff_of(client, prices)
    lines = [f"call {call}: customer {found['customer']!r}, vendor {found['vendor']!r}"]
    for leg in legs:
        role = "customer" if leg["leg"] == "sell" else "vendor"
        account = _account(prices, role, found[role])
        if account is None:
            lines.append(f"{leg['leg']}: there is no {role} {found[role]!r}")
            continue
        lines += ["", f"NOW, {_stored(leg)}"]
        if not leg["reason"]:
            lines += _then(client, prices, found, leg, account)
        lines += ["", "BY THE RUN"]
        lines += _by(after, leg["leg"], after_deck(prices, account), found, account).lines
    return lines


def after_deck(prices: Prices, account: Account) -> str:
    """The deck that prices an account in the run."""
    instead = {(side, deck): other for side, deck, other in prices.instead}
    return instead.get((SIDE_OF[account.role], account.deck), account.deck)


def _account(prices: Prices, role: str, name: str) -> Account | None:
    own = (a for a in prices.accounts if (a.role, a.account) == (role, name))
    return next(own, None)


def _stored(leg: dict[str, Any]) -> str:
    if leg["reason"]:
        return f"{leg['leg']}: suspended, {leg['reason']}"
    return (
        f"{leg['leg']}: {format_nanos(leg['nanos'])} {leg['currency']} for {leg['billed_s']} s, "
        f"deck version {leg['deck_version']} row {leg['rate_row']}, run {leg['run']}"
    )


def _then(
    client: Client, prices: Prices, call: dict[str, Any], leg: dict[str, Any], account: Account
) -> list[str]:
    known = tuple(number for number in prices.versions if number <= leg["deck_version"])
    tariff = tariff_of(client, prices._replace(versions=known, instead=()))
    of_version = tariff.versions.get(leg["deck_version"])
    if of_version is None:
        return ["  its deck version is not among those of the run"]
    told = _by(tariff, leg["leg"], of_version.deck, call, account)
    if (told.nanos, told.billed_s) == (leg["nanos"], leg["billed_s"]):
        return told.lines
    return ["  the account or an exchange rate was another then; by those of now:", *told.lines]


def _by(tariff: Tariff, side: str, deck: str, call: dict[str, Any], account: Account) -> Explained:
    if (side, deck) not in tariff.currencies:
        return Explained([f"{side}: there is no deck {deck!r}"], None, None)
    return explain(
        tariff,
        side,
        deck,
        call["called"],
        call["answered_ms"],
        call["duration_ms"],
        call["calling"],
        account.currency,
        call["lrn"],
    )
