"""The OpenAPI document, for whoever has signed in or has a key."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from dashboards.api.who import SignedIn

PATH = "/v1/openapi.json"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def read_openapi(request: Request, _: SignedIn) -> dict[str, Any]:
    """Every endpoint under /v1."""
    document: dict[str, Any] = request.app.openapi()
    return document
