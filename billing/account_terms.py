"""An account and its credit limit as one document: what people change, load and export.

Files: TOML with tables [customers.NAME] and [vendors.NAME], which have the keys of an account and,
if it is limited, those of its limit (billing.credit.limits); or CSV with the columns COLUMNS, one
line an account. Trunks are in the TOML form only.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from billing.credit.limits import LIMIT_KEYS, Caps, Limit, limit_of
from billing.errors import OptionsRefused
from billing.inert_text import plain, safe
from billing.money import format_nanos
from billing.parties import ACCOUNTS_MAX, DECK_KEY, ROLES, Account, account_of, tables_of

COLUMNS: Final = (
    *("role", "account", "name", "deck", "currency"),
    *("limit", "max_calls", "max_calls_per_s", "when_recovering"),
)


NEEDED: Final = ("role", "account", "deck", "currency")


class AccountTerms(NamedTuple):
    """limit: None where the account has none."""

    account: Account
    limit: Limit | None = None


def replaced(before: AccountTerms | None, after: AccountTerms) -> AccountTerms:
    """What stands after a change; a limit that is not named stays as it is.

    Raises OptionsRefused: the currency would part from that of the limit.
    """
    account, kept = after.account, after.limit or (before.limit if before else None)
    if kept and kept.currency != account.currency:
        raise OptionsRefused(
            f"{account.role}s.{account.account}: currency={account.currency!r}: its limit is in "
            f"{kept.currency}: say a limit in the new currency with it"
        )
    return AccountTerms(account, kept)


def parse_terms(data: bytes, file: str) -> list[AccountTerms]:
    """The accounts of a file: CSV if its name ends so, else TOML.

    Raises OptionsRefused naming file, account or line, field and value.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OptionsRefused(f"{file}: not UTF-8 text: is it TOML or CSV?") from None
    found = _of_csv(text, file) if file.lower().endswith(".csv") else _of_toml(text, file)
    if len(found) > ACCOUNTS_MAX:
        raise OptionsRefused(f"{file}: more than {ACCOUNTS_MAX} accounts")
    return found


def terms_of(file: str, role: str, name: str, entry: Any) -> AccountTerms:
    """An account of the keys of both, as in the TOML form. Raises OptionsRefused."""
    said = dict(entry) if isinstance(entry, dict) else entry
    limits = {}
    if isinstance(said, dict):
        limits = {key: said.pop(key) for key in LIMIT_KEYS[role] if key in said}
    account = account_of(file, role, name, said)
    where = f"{file}: {role}s.{name}"
    return AccountTerms(account, limit_of(where, account, limits) if limits else None)


def format_toml(terms: Iterable[AccountTerms]) -> str:
    """The file that parse_terms makes the same accounts of."""
    lines = []
    for account, limit in terms:
        lines += [f"[{account.role}s.{_text(account.account)}]", f"name = {_text(account.name)}"]
        lines += [f"{DECK_KEY[account.role]} = {_text(account.deck)}"]
        lines += [f"currency = {_text(account.currency)}"]
        if limit:
            money = f"{format_nanos(limit.limit_nanos)} {limit.currency}"
            lines += [f"limit = {_text(money)}", *_caps(limit.caps)]
        if limit and limit.when_recovering != "refuse":
            lines.append(f"when_recovering = {_text(limit.when_recovering)}")
        for trunk, caps in sorted(limit.trunks.items()) if limit else ():
            lines += [f"[customers.{_text(account.account)}.trunks.{_text(trunk)}]", *_caps(caps)]
        lines.append("")
    return "\n".join(lines)


def words(terms: AccountTerms | None) -> str:
    """An account as one line of the audit log."""
    if terms is None:
        return ""
    account, limit = terms
    said = f"{account.name!r}, deck {account.deck}, {account.currency}"
    if limit is None:
        return said
    caps = [f"{name}={value}" for name, value in limit.caps._asdict().items() if value]
    trunks = [f"trunk {name} {caps[0]}/{caps[1]}" for name, caps in limit.trunks.items()]
    more = [f"limit {format_nanos(limit.limit_nanos)}", f"recovering={limit.when_recovering}"]
    return ", ".join([said, *more, *caps, *trunks])


def format_csv(terms: Iterable[AccountTerms]) -> str:
    """The accounts line by line; no cell is a formula. Trunks are left out."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for account, limit in terms:
        named = (account.role, account.account, account.name, account.deck, account.currency)
        money = format_nanos(limit.limit_nanos) if limit else ""
        calls = (*limit.caps, limit.when_recovering) if limit else ()
        rest = calls if account.role == "customer" and calls else ("",) * 3
        writer.writerow([*map(safe, named), money, *rest])
    return text.getvalue()


def _of_toml(text: str, file: str) -> list[AccountTerms]:
    tables = tables_of(text, file)
    return [
        terms_of(file, role, name, entry)
        for role in ROLES
        for name, entry in tables.get(f"{role}s", {}).items()
    ]


def _of_csv(text: str, file: str) -> list[AccountTerms]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = list(reader.fieldnames or ())
    for column in NEEDED:
        if column not in names:
            raise OptionsRefused(f"{file}: no column {column!r} in its first line")
    for column in names:
        if names.count(column) > 1:
            raise OptionsRefused(f"{file}: column {column!r} twice")
        if column not in COLUMNS:
            raise OptionsRefused(f"{file}: unknown column {column!r}: {', '.join(COLUMNS)}")
    found = dict[tuple[str, str], AccountTerms]()
    try:
        for row in reader:
            own = _of_line(f"{file}: line {reader.line_num}", row)
            key = (own.account.role, own.account.account)
            if key in found:
                raise OptionsRefused(f"{file}: line {reader.line_num}: {' '.join(key)} again")
            found[key] = own
    except csv.Error as error:
        raise OptionsRefused(f"{file}: line {reader.line_num}: {error}") from None
    return list(found.values())


def _of_line(where: str, row: Mapping[str, str | None]) -> AccountTerms:
    if None in row or None in row.values():
        raise OptionsRefused(f"{where}: has not as many cells as the first line")
    cells = {column: plain(value or "") for column, value in row.items()}
    role = cells.pop("role", "")
    if role not in ROLES:
        raise OptionsRefused(f"{where}: role={role!r}: {' or '.join(ROLES)}")
    name, entry = cells.pop("account", ""), dict[str, Any]()
    for column, value in cells.items():
        if value and column.startswith("max_"):
            entry[column] = _number(where, column, value)
        elif value and column == "limit":
            entry[column] = f"{value} {cells.get('currency', '')}"
        elif value:
            entry[DECK_KEY[role] if column == "deck" else column] = value
    if "limit" not in entry:
        for column in LIMIT_KEYS[role]:
            if column in entry:
                raise OptionsRefused(f"{where}: {column}={entry[column]!r}: there is no limit")
    return terms_of(where, role, name, entry)


def _number(where: str, column: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 9):
        raise OptionsRefused(f"{where}: {column}={value!r}: a whole number")
    return int(value)


def _caps(caps: Caps) -> list[str]:
    return [f"{name} = {value}" for name, value in caps._asdict().items() if value]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
