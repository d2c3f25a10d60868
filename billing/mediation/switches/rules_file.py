"""The rules of a source as TOML: [[numbers]], [[customers]], [[vendors]] and defaults."""

from typing import Final

from billing.mediation.switches.toml_values import Values
from billing.mediation.switches.trunk_rules import (
    RULES_MAX,
    AccountRule,
    NumberRule,
    Rules,
    When,
)

WHEN_KEYS: Final = ("trunk", "network", "prefix")
NUMBER_KEYS: Final = (
    *("field", *WHEN_KEYS, "digits_min", "digits_max", "strip", "strip_prefix", "add"),
    *("national", "trunk_prefix", "international_prefix", "replace"),
)
DIGITS_MAX: Final = 256


def parse_rules(values: Values) -> Rules:
    """Rules of the table [sources.NAME.rules]. Raises OptionsRefused."""
    values.only(("numbers", "customers", "vendors", "default_customer", "default_vendor"))
    return Rules(
        numbers=tuple(_number(v) for v in values.tables("numbers", RULES_MAX)),
        customers=tuple(_account(v) for v in values.tables("customers", RULES_MAX)),
        vendors=tuple(_account(v) for v in values.tables("vendors", RULES_MAX)),
        default_customer=values.text("default_customer", ""),
        default_vendor=values.text("default_vendor", ""),
    )


def _when(values: Values) -> When:
    return When(values.texts("trunk"), values.networks("network"), values.texts("prefix"))


def _account(values: Values) -> AccountRule:
    values.only(("account", *WHEN_KEYS, "named"))
    when = _when(values)._replace(account=values.text("named", ""))
    if when == When():
        raise values.refuse("account", values.raw("account", None), _NO_CONDITION)
    return AccountRule(values.text("account"), when)


_NO_CONDITION: Final = (
    "a rule without trunk, network, prefix or named: say default_customer or default_vendor"
)


def _number(values: Values) -> NumberRule:
    values.only(NUMBER_KEYS)
    rule = NumberRule(
        field=values.one_of("field", ("called", "calling"), ""),
        when=_when(values),
        digits_min=values.whole("digits_min", 0, 0, DIGITS_MAX),
        digits_max=values.whole("digits_max", DIGITS_MAX, 0, DIGITS_MAX),
        strip=values.whole("strip", 0, 0, DIGITS_MAX),
        strip_prefix=values.flag("strip_prefix", False),
        add=values.text("add", ""),
        national=values.text("national", ""),
        trunk_prefix=values.text("trunk_prefix", "0", empty=True),
        international_prefix=values.text("international_prefix", "00", empty=True),
        replace=values.text("replace", empty=True) if values.has("replace") else None,
    )
    if rule.national and not (rule.national.isascii() and rule.national.isdecimal()):
        raise values.refuse("national", rule.national, "the digits of a country code")
    if rule.strip_prefix and not rule.when.prefixes:
        raise values.refuse("strip_prefix", True, "needs a prefix to drop")
    if not (rule.strip or rule.strip_prefix or rule.add or rule.national) and rule.replace is None:
        shown = "a rule that does nothing: strip, strip_prefix, add, national or replace"
        raise values.refuse("field", rule.field, shown)
    return rule
