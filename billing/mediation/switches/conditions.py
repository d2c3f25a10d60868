"""Which calls a rule's conditions hold for, in bulk: by the different trunks and addresses there
are, not call by call."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches.columns import Flags, flags
from billing.mediation.switches.trunk_rules import When
from kernels.layout import I64

ADDRESSES_KEPT: Final = 65_536


class Codes:
    """A column as its different values and, for each row, the place of its own."""

    def __init__(self, column: pa.Array) -> None:
        coded = pc.dictionary_encode(column)
        self.values: list[str] = coded.dictionary.to_pylist()
        self.of_row: I64 = coded.indices.to_numpy().astype(np.int64)


@lru_cache(ADDRESSES_KEPT)
def address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as switches write it: with a port, in brackets; None for anything else."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        return ip_address(plain)
    except ValueError:
        return None


def outer_holds(when: When, trunk: str, ip: str, account: str) -> bool:
    """Whether the conditions about trunk, address and account hold."""
    if when.trunks and trunk not in when.trunks:
        return False
    if when.account and account != when.account:
        return False
    if not when.networks:
        return True
    found = address(ip)
    return found is not None and any(found in network for network in when.networks)


def begins_with(numbers: pa.Array, prefixes: tuple[str, ...]) -> I64:
    """Of each number the length of its longest prefix among some, -1 where it has none."""
    length = np.full(len(numbers), -1, np.int64)
    for prefix in sorted(prefixes, key=len):
        length[flags(pc.starts_with(numbers, prefix))] = len(prefix)
    return length


def rows_of(when: When, trunk: Codes, ip: Codes) -> Flags:
    """Rows for which the conditions about trunk and address hold."""
    held = np.ones(len(trunk.of_row), np.bool_)
    if when.trunks:
        held &= np.array([t in when.trunks for t in trunk.values] or [False])[trunk.of_row]
    if when.networks:
        inside = [outer_holds(When(networks=when.networks), "", a, "") for a in ip.values]
        held &= np.array(inside or [False])[ip.of_row]
    return held
