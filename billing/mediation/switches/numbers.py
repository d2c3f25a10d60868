"""Numbers as switches send them to numbers as they are rated: every rule that holds, in order."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches.columns import flags, plain
from billing.mediation.switches.conditions import Codes, begins_with, rows_of
from billing.mediation.switches.draft import Draft
from billing.mediation.switches.trunk_rules import NumberRule


def plain_numbers(draft: Draft) -> Draft:
    """Both numbers without SIP's dress and without marks between the digits."""
    return draft._replace(called=plain(draft.called), calling=plain(draft.calling))


def apply_numbers(draft: Draft, rules: tuple[NumberRule, ...]) -> Draft:
    """A draft with its numbers changed by rules."""
    if not rules or not len(draft.called):
        return draft
    trunk, ip = Codes(draft.trunk_in), Codes(draft.ip_in)
    changed = {"called": draft.called, "calling": draft.calling}
    for rule in rules:
        changed[rule.field] = _applied(changed[rule.field], rule, trunk, ip)
    return draft._replace(**changed)


def _applied(numbers: pa.Array, rule: NumberRule, trunk: Codes, ip: Codes) -> pa.Array:
    held = rows_of(rule.when, trunk, ip)
    length = pc.binary_length(numbers).to_numpy()
    held &= (length >= rule.digits_min) & (length <= rule.digits_max)
    prefix = np.zeros(len(numbers), np.int64)
    if rule.when.prefixes:
        prefix = begins_with(numbers, rule.when.prefixes)
        held &= prefix >= 0
    if not held.any():
        return numbers
    result = numbers
    if rule.strip_prefix:
        for drop in np.unique(prefix[held]).tolist():
            shorter = pc.utf8_slice_codeunits(result, drop)
            result = pc.if_else(pa.array(held & (prefix == drop)), shorter, result)
    if rule.strip:
        result = pc.utf8_slice_codeunits(result, rule.strip)
    if rule.national:
        result = _international(result, rule)
    if rule.add:
        result = pc.binary_join_element_wise(rule.add, result, "")
    if rule.replace is not None:
        result = pa.repeat(rule.replace, len(numbers))
    return pc.if_else(pa.array(held), result, numbers)


def _international(numbers: pa.Array, rule: NumberRule) -> pa.Array:
    """National and international numbers with the country code in front, without other prefixes."""
    beyond = flags(pc.starts_with(numbers, "+"))
    result = pc.if_else(pa.array(beyond), pc.utf8_slice_codeunits(numbers, 1), numbers)
    if rule.international_prefix:
        abroad = flags(pc.starts_with(numbers, rule.international_prefix)) & ~beyond
        rest = pc.utf8_slice_codeunits(numbers, len(rule.international_prefix))
        result = pc.if_else(pa.array(abroad), rest, result)
        beyond |= abroad
    inland = flags(pc.starts_with(numbers, rule.trunk_prefix)) & ~beyond
    rest = pc.utf8_slice_codeunits(numbers, len(rule.trunk_prefix))
    inside = pc.binary_join_element_wise(rule.national, rest, "")
    return pc.if_else(pa.array(inland), inside, result)
