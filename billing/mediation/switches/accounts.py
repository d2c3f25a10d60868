"""Whose call it is: customer and vendor by trunk, address, prefix, or by the record's own account.

The first rule that holds names the account; without one it is the one the record itself names, then
the source's default. A call without a customer, and an answered one without a vendor, is a dead
letter that says by what it could not be identified.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches.columns import Flags, Flaws, is_blank
from billing.mediation.switches.conditions import Codes, begins_with, outer_holds
from billing.mediation.switches.draft import Draft
from billing.mediation.switches.trunk_rules import AccountRule, Rules
from kernels.layout import I64

NONE: Final = -1
WAYS_KEPT: Final = 100_000
"""combinations of trunk, address and account whose rules are remembered"""


class Way(NamedTuple):
    """Rules that may hold for calls of one trunk, address and account, up to the first sure one."""

    maybe: tuple[int, ...]
    sure: int


class Finder:
    """Finds the rule of each call; remembers what it found for a trunk, address and account."""

    def __init__(self, rules: Sequence[AccountRule]) -> None:
        self._rules = rules
        self._ways: dict[tuple[str, str, str], Way] = {}

    def find(self, trunks: pa.Array, ips: pa.Array, accounts: pa.Array, called: pa.Array) -> I64:
        """The place of the first rule that holds for each of n calls, or NONE."""
        n = len(called)
        if not self._rules or not n:
            return np.full(n, NONE, np.int64)
        codes = [Codes(column) for column in (trunks, ips, accounts)]
        mixed = codes[0].of_row
        for code in codes[1:]:
            mixed = mixed * len(code.values) + code.of_row
        _, first, group = np.unique(mixed, return_index=True, return_inverse=True)
        ways = [self._way(*(c.values[c.of_row[row]] for c in codes)) for row in first.tolist()]
        found = np.array([way.sure for way in ways], np.int64)[group]
        for rule in sorted({place for way in ways for place in way.maybe}, reverse=True):
            asked = np.array([rule in way.maybe for way in ways])[group]
            held = begins_with(called, self._rules[rule].when.prefixes) >= 0
            found[asked & held] = rule
        return found

    def _way(self, trunk: str, ip: str, account: str) -> Way:
        key = (trunk, ip, account)
        way = self._ways.get(key)
        if way is None:
            way = self._search(*key)
            if len(self._ways) >= WAYS_KEPT:
                self._ways.clear()
            self._ways[key] = way
        return way

    def _search(self, trunk: str, ip: str, account: str) -> Way:
        maybe: list[int] = []
        for place, rule in enumerate(self._rules):
            if outer_holds(rule.when, trunk, ip, account):
                if not rule.when.prefixes:
                    return Way(tuple(maybe), place)
                maybe.append(place)
        return Way(tuple(maybe), NONE)


class Accounts:
    """Customers and vendors of one source."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._customers = Finder(rules.customers)
        self._vendors = Finder(rules.vendors)

    def name(self, draft: Draft, found: Flaws) -> Draft:
        """A draft whose customer and vendor are accounts; `called` is the number as it was sent."""
        rules = self._rules
        customer = _named(
            self._customers.find(draft.trunk_in, draft.ip_in, draft.customer, draft.called),
            rules.customers,
            draft.customer,
            rules.default_customer,
        )
        vendor = _named(
            self._vendors.find(draft.trunk_out, draft.ip_out, draft.vendor, draft.called),
            rules.vendors,
            draft.vendor,
            rules.default_vendor,
        )
        _note(is_blank(customer), "customer", draft.trunk_in, draft.ip_in, found)
        answered = draft.duration_ms > 0
        _note(is_blank(vendor) & answered, "vendor", draft.trunk_out, draft.ip_out, found)
        return draft._replace(customer=customer, vendor=vendor)


def _named(rule: I64, rules: Sequence[AccountRule], own: pa.Array, default: str) -> pa.Array:
    names = pa.array([*(r.account for r in rules), ""], pa.string())
    by_rule = names.take(pa.array(np.where(rule == NONE, len(rules), rule)))
    result = pc.if_else(pa.array(rule == NONE), own, by_rule) if rules else own
    return pc.if_else(pa.array(is_blank(result)), default, result) if default else result


def _note(unknown: Flags, role: str, trunks: pa.Array, ips: pa.Array, found: Flaws) -> None:
    if not unknown.any():
        return
    shown = pc.binary_join_element_wise("trunk ", trunks, " ip ", ips, "")
    detail = f"no rule names its {role}: add one for this trunk or address, or a default_{role}"
    found.note(unknown, "account_unknown", role, shown, detail)
