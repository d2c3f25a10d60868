"""Prices that a header gives to some calls only: by time of day, by the caller's origin."""

import re
from typing import Final, NamedTuple

from billing.deck import DeckOptions
from billing.sheets.header_words import normalised
from billing.time_classes import ANY

_ORIGINS: Final = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (
            "EEA",
            r"(?<!non )(?<!not )(?<!outside )(?<!ex )\b(intra eea|intra eu|eea|eu|ewr|eee)\b",
        ),
        ("non-EEA", r"\b(non|not|outside|ex|extra) (eea|eu|ewr|eee)\b|\brest of world\b"),
        ("interstate", r"\binter ?state\b|^inter$|^inter (rate|price)\b|^ier$"),
        ("intrastate", r"\bintra ?state\b|^intra$|^intra (rate|price)\b|^iar$"),
        ("indeterminate", r"\bindeter\w*|\bundeter\w*|^ijd?$|\bindet\b"),
        (
            "missing",
            r"\b(no|without|missing|invalid|wrong|unknown) (a number|cli|ani|origin|caller)\b",
        ),
    )
)
_TIMES: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "weekend",
            r"\bweek ?ends?\b|\bwochenende\b|\bfin de semana\b|\bfine settimana\b|\bвыходн\w*",
        ),
        (
            "off-peak",
            r"\boff ?peak\b|\bevening\b|\bnight\b|\beconomy\b|\bnebenzeit\b|\bheures creuses\b|"
            r"\bvalle\b|\bnoche\b|\blow rate\b",
        ),
        (
            "peak",
            r"\bpeak\b|\bday ?time\b|\bday (rate|price)\b|\bhauptzeit\b|\bheures pleines\b|"
            r"\bpunta\b",
        ),
    )
)


class PriceClass(NamedTuple):
    """The classes a price column is of; ANY where its header names none."""

    time_class: str
    origin_class: str


def _named(words: str, names: tuple[str, ...]) -> str:
    """The longest of the names whose words stand in a header."""
    found = [n for n in names if n != ANY and f" {normalised(n)} " in f" {words} "]
    return max(found, key=len, default="")


def _of(words: str, own: tuple[str, ...], known: tuple[tuple[str, "re.Pattern[str]"], ...]) -> str:
    word = next((name for name, rule in known if rule.search(words)), "")
    named = _named(words, own)
    if not word or (named and len(normalised(named)) >= len(normalised(word))):
        return named or ANY
    same = [name for name in own if normalised(name) == normalised(word)]
    return same[0] if same else word


def price_class_of(header: str, options: DeckOptions) -> PriceClass:
    """The classes that a header's words name: the options' own, or the usual words."""
    words = normalised(header)
    times = options.time_classes.names() if options.time_classes else ()
    origins = tuple(n for n in options.rate_origins() if n != "other")
    return PriceClass(_of(words, times, _TIMES), _of(words, origins, _ORIGINS))
