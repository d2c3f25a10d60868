"""Jurisdiction of a call in the North American plan: within a state, between two, or not known.

What belongs to a state is a list of prefixes, kept with the deck's version; the longest counts. A
number has a state if it is 1 and ten digits, as the plan allows them, and one of the prefixes.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np

from billing import nanp
from billing.cdr import normalise
from kernels.jurisdiction import I16, NO_STATE, NPA_NXX

NANP: Final = "nanp"
INTRASTATE: Final = "intrastate"
INTERSTATE: Final = "interstate"
INDETERMINATE: Final = "indeterminate"
NAMES: Final = (INTRASTATE, INTERSTATE, INDETERMINATE)
"""in the order of kernels.jurisdiction's labels"""
HIGHEST: Final = "highest"
OWN: Final = "own"
INDETERMINATE_AS: Final = (OWN, HIGHEST, INTERSTATE, INTRASTATE)
LENT: Final[Mapping[str, tuple[str, ...]]] = {
    OWN: (),
    HIGHEST: (INTRASTATE, INTERSTATE),
    INTERSTATE: (INTERSTATE,),
    INTRASTATE: (INTRASTATE,),
}
"""by a word of INDETERMINATE_AS, the classes whose rates also hold for indeterminate calls"""
NOWHERE: Final = "none"
"""in place of a state: these numbers belong to none"""
PREFIXES_MAX: Final = 20_000
STATES_MAX: Final = 1_000
ROWS_MAX: Final = 1_000_000
States = tuple[tuple[str, str], ...]
"""(prefix of 4 or 7 digits, state), in order; text only, so that it is stored as it is"""
_STATE: Final = re.compile(r"[A-Z][A-Z0-9]{1,3}")
_PREFIX: Final = re.compile(r"1[2-9][0-9]{2}(?:[2-9][0-9]{2})?")
_COLUMNS: Final = ("npa", "nxx", "state")


def _checked(prefix: str, state: str, where: str) -> tuple[str, str]:
    """A prefix, its 1 in front, and its state. Raises ValueError."""
    digits = normalise(prefix)
    digits = digits if digits.startswith("1") else f"1{digits}"
    if not _PREFIX.fullmatch(digits):
        raise ValueError(f"{where}={prefix!r}: an area code, or one and the three digits behind it")
    if state != NOWHERE and not _STATE.fullmatch(state):
        raise ValueError(f"{where}: state {state!r}: 2 to 4 capital letters or digits, or none")
    return digits, state


def _table(table: Any) -> dict[str, str]:
    if not isinstance(table, Mapping):
        raise ValueError(f"states={table!r}: expected state = [prefixes]")
    found: dict[str, str] = {}
    for state, prefixes in table.items():
        if not isinstance(prefixes, list):
            raise ValueError(f"states.{state}={prefixes!r}: expected a list of prefixes")
        for prefix in prefixes:
            digits, own = _checked(str(prefix), state, f"states.{state}")
            if found.setdefault(digits, own) != own:
                raise ValueError(f"states: {digits} is in {found[digits]} and in {own}")
    return found


def parse_states_csv(data: bytes, file: str) -> dict[str, str]:
    """Prefix -> state of a CSV file with the columns npa, nxx, state; an empty nxx is every one.

    Where the most numbers of an area code are in one state, the area code stands for them. Raises
    ValueError naming file, line, column and value.
    """
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [cell.strip().lower() for cell in next(lines, [])]
        if any(header.count(name) != 1 for name in _COLUMNS):
            raise ValueError(f"{file}:1: the header must name npa, nxx, state (found: {header})")
        at = [header.index(name) for name in _COLUMNS]
        of_npa: dict[str, dict[str, str]] = defaultdict(dict)
        for row, cells in enumerate(lines):
            if row >= ROWS_MAX:
                raise ValueError(f"{file}: more than {ROWS_MAX} rows")
            if not any(cells):
                continue
            where = f"{file}:{lines.line_num}"
            if len(cells) != len(header):
                raise ValueError(f"{where}: not {len(header)} fields")
            npa, nxx, state = (cells[i].strip() for i in at)
            prefix, state = _checked(npa + nxx, state or NOWHERE, f"{where}: npa, nxx")
            own = of_npa[prefix[:4]]
            if own.setdefault(prefix, state) != state:
                raise ValueError(f"{where}: {npa} {nxx} is in {own[prefix]} and in {state}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: not CSV: {error}") from None
    found: dict[str, str] = {}
    for npa, own in of_npa.items():
        most = own.get(npa) or Counter(own.values()).most_common(1)[0][0]
        found |= {npa: most} | {prefix: s for prefix, s in own.items() if s != most}
    return found


def parse_states(table: Any, file: Any, read: Callable[[str], bytes] | None) -> States:
    """The states of a deck: the plan's, those of a file in their place, those of a table in both's.

    read: the bytes of a file by its name. Raises ValueError naming key, prefix and state.
    """
    found = dict(nanp.states())
    if file is not None:
        if read is None or not isinstance(file, str):
            raise ValueError(f"states_file={file!r}: expected the name of a file beside this one")
        own = parse_states_csv(read(file), file)
        listed = {prefix[:4] for prefix in own}
        found = {prefix: s for prefix, s in found.items() if prefix not in listed} | own
    if table is not None:
        found |= _table(table)
    if len(found) > PREFIXES_MAX:
        raise ValueError(f"states: {len(found)} prefixes, at most {PREFIXES_MAX}")
    if len(set(found.values())) > STATES_MAX:
        raise ValueError(f"states: more than {STATES_MAX} states")
    return tuple(sorted(found.items()))


@lru_cache(32)
def state_table(states: States) -> I16:
    """The number of the state of every NPA and NXX, as kernels.jurisdiction reads it."""
    numbers = {NOWHERE: NO_STATE}
    table = np.full((NPA_NXX // 1_000, 1_000), np.int16(NO_STATE))
    for prefix, state in states:  # in order: an area code before what continues it
        number = numbers.setdefault(state, len(numbers))
        nxx = int(prefix[4:]) if len(prefix) > 4 else slice(200, 1_000)
        table[int(prefix[1:4]), nxx] = number
    return table.reshape(-1)
