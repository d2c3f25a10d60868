"""The rule file: TOML, checked key by key; an error names file, key, value and what is allowed."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from billing.errors import OptionsRefused
from billing.fraud.ranges import HIGH_RISK
from billing.fraud.rules import POLICIES, Action, Limits, Rules
from billing.money import parse_nanos

ACCOUNTS_MAX: Final = 100_000
PREFIXES_MAX: Final = 20_000
COUNT_MAX: Final = 10**9
_SECTIONS: Final = (
    *("irsf", "limits", "wangiri", "pumping", "fas", "simbox", "spoofing", "callback"),
    *("learning", "timing", "action"),
)


def parse_rules(text: str, file: str) -> Rules:
    """Rules of a TOML text; what it does not say has its default.

    Tables: one for each field of Rules; [ranges] high_risk = [prefixes]; [accounts.NAME] with keys
    of [action] and [limits] and `times`. Raises OptionsRefused naming file, key, value and what is
    allowed.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionsRefused(f"{file}: not TOML: {error}") from None
    allowed = (*_SECTIONS, "ranges", "accounts")
    for name, value in document.items():
        if name not in allowed:
            raise OptionsRefused(f"{file}: unknown table {name}: {', '.join(allowed)}")
        if not isinstance(value, dict):
            raise OptionsRefused(f"{file}: {name}={value!r}: expected a table [{name}]")
    found: dict[str, Any] = {
        name: _section(file, name, getattr(Rules(), name), document.get(name, {}))
        for name in _SECTIONS
    }
    accounts = document.get("accounts", {})
    if len(accounts) > ACCOUNTS_MAX:
        raise OptionsRefused(f"{file}: more than {ACCOUNTS_MAX} accounts")
    limits, action, times = {}, {}, {}
    for name, entry in accounts.items():
        limits[name], action[name], times[name] = _account(file, name, entry, found)
    return Rules(
        **found,
        high_risk=_prefixes(file, document.get("ranges", {})),
        account_limits=limits,
        account_action=action,
        account_times=times,
    )


def _account(
    file: str, name: str, entry: Any, found: Mapping[str, Any]
) -> tuple[Limits, Action, float]:
    where = f"accounts.{name}"
    if not isinstance(entry, dict):
        raise OptionsRefused(f"{file}: {where}={entry!r}: expected a table")
    own = {f.name for f in fields(Limits)}, {f.name for f in fields(Action)}
    for key in entry:
        if key != "times" and key not in own[0] | own[1]:
            known = ", ".join([*sorted(own[0] | own[1]), "times"])
            raise OptionsRefused(f"{file}: {where}: unknown key {key}: {known}")
    limits, action = (
        _section(file, where, found[part], {k: v for k, v in entry.items() if k in keys})
        for part, keys in zip(("limits", "action"), own, strict=True)
    )
    times = _value(file, f"{where}.times", "times", 1.0, entry.get("times", 1.0))
    if not times:
        raise OptionsRefused(f"{file}: {where}.times={times!r}: more than 0")
    return limits, action, times


def _section(file: str, where: str, default: Any, entry: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(default)}
    for key in entry:
        if key not in known:
            raise OptionsRefused(f"{file}: {where}: unknown key {key}: {', '.join(sorted(known))}")
    return replace(
        default,
        **{k: _value(file, f"{where}.{k}", k, getattr(default, k), v) for k, v in entry.items()},
    )


def _value(file: str, where: str, key: str, default: Any, value: Any) -> Any:
    """A value of the kind its default has."""
    if key.startswith(("money", "free_per")):
        return _nanos(file, where, value)
    if isinstance(default, bool):
        allowed, fits = "true or false", isinstance(value, bool)
    elif isinstance(default, str):
        allowed, fits = " or ".join(POLICIES), value in POLICIES
    elif isinstance(default, int):
        allowed = f"a whole number from 0 to {COUNT_MAX}"
        fits = type(value) is int and 0 <= value <= COUNT_MAX
    elif key.endswith(("share", "weight", "spread")) or key.startswith("share"):
        allowed, fits = "a number from 0 to 1", type(value) in (int, float) and 0 <= value <= 1
    else:
        allowed, fits = "a number from 0 to 1000", type(value) in (int, float)
        fits = fits and 0 <= value <= 1_000
    if not fits:
        raise OptionsRefused(f"{file}: {where}={value!r}: {allowed}")
    return float(value) if isinstance(default, float) else value


def _nanos(file: str, where: str, value: Any) -> int:
    allowed = 'money in the account\'s currency, such as 5 or "2.50"'
    text = str(value) if type(value) is int or isinstance(value, str) else ""
    try:
        nanos = parse_nanos(text)
    except ValueError as error:
        raise OptionsRefused(f"{file}: {where}={value!r}: {allowed}: {error}") from None
    if not 0 <= nanos <= COUNT_MAX * 10**9:
        raise OptionsRefused(f"{file}: {where}={value!r}: {allowed}, from 0 to {COUNT_MAX}")
    return nanos


def _prefixes(file: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    for key in entry:
        if key != "high_risk":
            raise OptionsRefused(f"{file}: ranges: unknown key {key}: high_risk")
    prefixes = entry.get("high_risk", list(HIGH_RISK))
    if not isinstance(prefixes, list) or len(prefixes) > PREFIXES_MAX:
        shown = f"{file}: ranges.high_risk: a list of at most {PREFIXES_MAX} prefixes"
        raise OptionsRefused(shown)
    for prefix in prefixes:
        fits = isinstance(prefix, str) and prefix.isascii() and prefix.isdecimal()
        if not fits or not 1 <= len(prefix) <= 15 or prefix.startswith("0"):
            raise OptionsRefused(
                f"{file}: ranges.high_risk={prefix!r}: a text of 1 to 15 digits, country code first"
            )
    return tuple(prefixes)
