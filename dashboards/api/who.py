"""Rules that most endpoints name, and how an endpoint gets the person who asks."""

from typing import Annotated, Any, Final

from fastapi import Depends

from dashboards.api.problems import MEDIA_TYPE
from dashboards.identity import access
from dashboards.identity.access import needs
from dashboards.identity.roles import EVERYBODY, STAFF, Person, Role
from dashboards.identity.store import Identity

STAFF_ONLY: Final = needs(*STAFF)
SIGNED_IN: Final = needs(*EVERYBODY)
SIGNED_IN_AT_ALL: Final = needs(*EVERYBODY, unfinished=True)
"""also with a one-time password that is yet to be changed"""
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
Admin = Annotated[Person, Depends(ADMIN_ONLY)]
Identities = Annotated[Identity, Depends(access.identity)]

_PROBLEM: Final[dict[str, Any]] = {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "Nobody is signed in, or the key does not work", **_PROBLEM},
    403: {"description": "The person has no role that this needs", **_PROBLEM},
}
"""what every route with a rule may answer"""
BODY_BYTES_MAX: Final = 64 * 1024
"""of a form or a document about identity"""
