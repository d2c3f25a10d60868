"""Up to when accounts have been invoiced, and the adjustments that runs have booked since."""

import csv
import sys
import time
from collections.abc import Sequence
from contextlib import closing

from billing.errors import TollwireError
from billing.instants import INSTANT_MS_MIN, format_instant_ms, parse_instant_ms
from billing.money import format_nanos
from clickhouse import invoiced, reference
from clickhouse.client import connect
from deploy.runtime.settings import Settings


def invoice(
    settings: Settings,
    customers: Sequence[str],
    vendors: Sequence[str],
    until: str,
    by: str,
    reopen: bool,
) -> None:
    """Say that the calls of accounts before an instant have been invoiced. Raises TollwireError.

    reopen: the instant may be earlier than what was said before.
    """
    until_ms = _instant("--until", until)
    if until_ms > time.time() * 1_000:
        raise TollwireError(f"--until {until}: lies in the future: calls are still to come")
    asked = [*(("customer", name) for name in customers), *(("vendor", name) for name in vendors)]
    if not asked:
        raise TollwireError("give --customer or --vendor")
    with closing(connect(settings)) as client:
        known = {(account.role, account.account) for account in reference.load_accounts(client)}
        before = invoiced.load(client)
        for role, name in asked:
            if (role, name) not in known:
                raise TollwireError(f"there is no {role} {name!r}")
            was_ms = before.get((role, name), until_ms)
            if until_ms < was_ms and not reopen:
                raise TollwireError(
                    f"{role} {name} has been invoiced until {format_instant_ms(was_ms)}: "
                    "--reopen if calls since then are open again"
                )
        invoiced.save(client, dict.fromkeys(asked, until_ms), by)


def list_invoiced(settings: Settings) -> None:
    """Accounts that have been invoiced, as CSV."""
    with closing(connect(settings)) as client:
        found = invoiced.load(client)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("role", "account", "until"))
    out.writerows((*name, format_instant_ms(ms)) for name, ms in sorted(found.items()))


def list_adjustments(settings: Settings, from_: str, to: str) -> None:
    """Adjustments booked in a period, as CSV; amounts are exact."""
    from_ms = _instant("--from", from_) if from_ else INSTANT_MS_MIN
    to_ms = _instant("--to", to) if to else round(time.time() * 1_000) + 1
    with closing(connect(settings)) as client:
        found = invoiced.adjustments(client, from_ms, to_ms)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow((*invoiced.Adjustment._fields[:-1], "amount"))
    out.writerows((*line[:-1], format_nanos(line.nanos)) for line in found)


def _instant(option: str, text: str) -> int:
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise TollwireError(f"{option} {text!r}: {error}") from None
