"""The documents of accounts for endpoints: their refusals as answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from billing.credit.limits import Limit
from billing.errors import OptionsRefused
from billing.money import format_nanos
from billing.parties import Account
from dashboards.account_schemas import LimitTerms, TermsView, TrunkCaps
from dashboards.api.problems import Refused
from dashboards.api.state import Console
from dashboards.api.tags import Stale
from dashboards.documents.accounts import Accounts, Changed, Kept
from deploy import accounts


@contextmanager
def documents(parts: Console) -> Iterator[Accounts]:
    """The documents. Raises HTTPException: 412, 422, 503."""
    with parts.reader.client() as client:
        try:
            yield accounts.opened(parts.settings, client)
        except OptionsRefused as error:
            raise Refused(str(error)) from None
        except Changed:
            raise Stale from None


def known(parts: Console) -> list[Account]:
    """Every account as it is kept, whether the workers have been told or not."""
    with documents(parts) as found:
        return [each.terms.account for each in found.all()]


def terms_view(kept: Kept, due: bool) -> TermsView:
    """An account in the API's words."""
    account, limit = kept.terms
    return TermsView(
        **account._asdict(),
        limit=_limit_view(limit) if limit else None,
        revision=kept.revision,
        changed_ms=kept.changed_ms,
        handed_over=not due,
    )


def _limit_view(limit: Limit) -> LimitTerms:
    return LimitTerms(
        limit=format_nanos(limit.limit_nanos),
        **limit.caps._asdict(),
        when_recovering=limit.when_recovering,  # type: ignore[arg-type]
        trunks={name: TrunkCaps(**caps._asdict()) for name, caps in limit.trunks.items()},
    )
