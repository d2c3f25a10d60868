"""ETags: a document is only replaced by whoever has read its latest revision."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header
from starlette.exceptions import HTTPException
from starlette.responses import Response

IfMatch = Annotated[
    str | None,
    Header(description='The ETag of the document as it was read, such as `"7"`.', max_length=64),
]


class Stale(HTTPException):
    """412: somebody else has changed the document since it was read."""

    def __init__(self) -> None:
        detail = "Somebody else has changed this since you read it: read it again."
        super().__init__(HTTPStatus.PRECONDITION_FAILED, detail)


class TagNeeded(HTTPException):
    """428: a change must say which revision it is made of."""

    def __init__(self) -> None:
        detail = "Send If-Match with the ETag that the document was read with."
        super().__init__(HTTPStatus.PRECONDITION_REQUIRED, detail)


def tag_of(revision: int | str) -> str:
    """The ETag of a revision."""
    return f'"{revision}"'


def tagged(response: Response, revision: int | str) -> None:
    """Say which revision an answer holds."""
    response.headers["etag"] = tag_of(revision)


def unchanged(if_match: str | None, revision: int | str) -> None:
    """Whether a change is made of this revision. Raises Stale, TagNeeded."""
    if if_match is None:
        raise TagNeeded
    sent = [tag.strip() for tag in if_match.split(",")]
    if "*" not in sent and tag_of(revision) not in sent:
        raise Stale
