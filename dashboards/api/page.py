"""The pages themselves: one template each, without data; the figures come by the stream."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.api.templates import templates

router = APIRouter(include_in_schema=False)


@router.get("/")
async def open_start() -> Response:
    """The start page is the NOC."""
    return RedirectResponse("/noc", 307)


@router.get("/noc")
async def open_noc(request: Request) -> Response:
    """The NOC page."""
    return templates.TemplateResponse(request, "noc.html", {})
