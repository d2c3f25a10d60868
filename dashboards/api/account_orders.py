"""Payments and adjustments of an account: on their way to credit control, which books them."""

from http import HTTPStatus

from fastapi import APIRouter

from billing.errors import TollwireError
from clickhouse.client import ClickHouseDown, ClickHouseRefused
from dashboards.account_schemas import OrderSent, OrderTaken, Role
from dashboards.api.once import Once
from dashboards.api.problems import Refused, Unavailable
from dashboards.api.state import Parts
from dashboards.api.telling import told
from dashboards.api.who import BODY_BYTES_MAX, REFUSALS, Approver, Identities, refusals
from deploy import credit

router = APIRouter(
    prefix="/v1/accounts",
    tags=["accounts"],
    responses=REFUSALS,
    max_body_size=BODY_BYTES_MAX,
    route_class=Once,
)


@router.post(
    "/{role}/{account}/orders",
    status_code=HTTPStatus.ACCEPTED,
    responses=refusals(409, 413, 422),
)
def send_order(
    parts: Parts,
    person: Approver,
    identity: Identities,
    role: Role,
    account: str,
    sent: OrderSent,
) -> OrderTaken:
    """Book a payment, an adjustment or an opening balance. The same id never counts twice."""
    fields = sent.model_dump(exclude={"kind"})
    what = f"credit.{sent.kind}"

    def send() -> str:
        return credit.send_order(parts.settings, sent.kind, role, account, by=person.name, **fields)

    why = f"{sent.amount} {sent.currency} {sent.note}".strip()
    try:
        return OrderTaken(id=told(identity, person, what, f"{role} {account}", why, send))
    except credit.OrderRefused as error:
        raise Refused(str(error)) from None
    except (ClickHouseDown, ClickHouseRefused) as error:
        raise Unavailable(f"ClickHouse did not answer: {error}") from error
    except TollwireError as error:
        raise Unavailable(f"The broker did not take it: {error}") from error
