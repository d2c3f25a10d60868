"""What a status or price cell says in words: sold as usual, closed, or taken off the list."""

import re
from functools import lru_cache
from typing import Final

from billing.sheets.header_words import normalised

CLOSED: Final = "closed"
"""listed, but calls to it are not taken"""
REMOVED: Final = "removed"
"""no longer listed from the row's date on"""
ORDINARY: Final = "ordinary"
UNKNOWN: Final = ""
_REOPENED: Final = re.compile(r"\b(un|de|not|re|no longer) ?(block|open|clos)")
_CLOSED: Final = re.compile(
    r"\b(block|barred|bloque|bloccat|bloquead|gesperrt|zablokow|заблок|блок|suspend|clos|"
    r"geschlossen|ferme|cerrad|chius|fechad|закрыт|not (supported|available|offered|routed)|"
    r"unsupported|no (route|service|access)|unavailable|nicht (verfugbar|angeboten)|关闭|停用)"
)
_REMOVED: Final = re.compile(
    r"\b(delet|remov|discontinu|withdrawn|cancel|obsolete|dropp|entfernt|geloscht|entfallt|"
    r"supprim|elimin|borrad|удален|исключ|删除)"
)
_ORDINARY: Final = re.compile(
    r"\b(increas|decreas|unchanged|no change|same|new|current|active|open|effective|up|down|"
    r"erhoh|senkung|gesenkt|unverandert|neu|hausse|baisse|inchange|nouveau|aument|disminu|baja|"
    r"sin cambio|nuevo|нов|повыш|пониж|без изм)"
)
_NO_PRICE: Final = frozenset(("n a", "na", "x", "nil", "none"))


@lru_cache(maxsize=65_536)
def change_of(text: str) -> str:
    """CLOSED, REMOVED, ORDINARY, or UNKNOWN for other words."""
    words = normalised(text)
    if not words or _REOPENED.search(words):
        return ORDINARY if words else UNKNOWN
    for change, rule in ((REMOVED, _REMOVED), (CLOSED, _CLOSED), (ORDINARY, _ORDINARY)):
        if rule.search(words):
            return change
    return UNKNOWN


def closed_price(text: str) -> bool:
    """Whether a price cell says that there is none: "blocked", "n/a"."""
    return change_of(text) in (CLOSED, REMOVED) or normalised(text) in _NO_PRICE
