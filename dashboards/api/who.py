"""Rules that most endpoints name, and how an endpoint gets the person who asks."""

from typing import Annotated, Any, Final

from fastapi import Depends

from dashboards.identity import access
from dashboards.identity.access import needs
from dashboards.identity.roles import EVERYBODY, STAFF, Person, Role
from dashboards.identity.store import Identity

STAFF_ONLY: Final = needs(*STAFF)
SIGNED_IN: Final = needs(*EVERYBODY)
SIGNED_IN_AT_ALL: Final = needs(*EVERYBODY, unfinished=True)
"""also with a one-time password that is yet to be changed"""
PARTNERS: Final = needs(Role.PARTNER)
FINANCE: Final = needs(Role.FINANCE_ANALYST, Role.FINANCE_APPROVER)
ADMIN_ONLY: Final = needs(Role.ADMIN)
OPERATES: Final = needs(Role.NOC_OPERATOR)
ANALYSES: Final = needs(Role.FINANCE_ANALYST)
"""prepares what moves money: drafts of decks, scopes of runs"""
APPROVES: Final = needs(Role.FINANCE_APPROVER)

Staff = Annotated[Person, Depends(STAFF_ONLY)]
SignedIn = Annotated[Person, Depends(SIGNED_IN)]
SignedInAtAll = Annotated[Person, Depends(SIGNED_IN_AT_ALL)]
Operator = Annotated[Person, Depends(OPERATES)]
Analyst = Annotated[Person, Depends(ANALYSES)]
Approver = Annotated[Person, Depends(APPROVES)]
Partner = Annotated[Person, Depends(PARTNERS)]
Finance = Annotated[Person, Depends(FINANCE)]
Admin = Annotated[Person, Depends(ADMIN_ONLY)]
Identities = Annotated[Identity, Depends(access.identity)]

_MEANS: Final = {
    400: "Not readable as what it says it is",
    401: "Nobody is signed in, or the key does not work",
    403: "The person has no role that this needs",
    404: "There is none",
    409: "Not in this state, or not by this person",
    412: "Somebody else has changed it since it was read",
    413: "Longer than what is accepted",
    415: "Of a kind that is not accepted",
    422: "What was sent is not accepted; the detail says why",
    428: "A change must say which revision it is made of",
    429: "Too often; the header says when it may be tried again",
    503: "Something behind the console does not answer now",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer with problem details, for the OpenAPI document."""
    return {status: {"description": _MEANS[status]} for status in statuses}


REFUSALS: Final = refusals(401, 403, 503)
"""what every route with a rule may answer"""
BODY_BYTES_MAX: Final = 64 * 1024
"""of a form or a document about identity"""
