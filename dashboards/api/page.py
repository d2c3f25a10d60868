"""The pages themselves: one template each, without data; the figures come by the stream."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.definitions import DEFINITIONS

PAGES: Final = Path(__file__).parents[1] / "pages"

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(PAGES)


@router.get("/")
async def open_start() -> Response:
    """The start page is the NOC."""
    return RedirectResponse("/noc", 307)


@router.get("/noc")
async def open_noc(request: Request) -> Response:
    """The NOC page."""
    return _templates.TemplateResponse(request, "noc.html", {"definitions": DEFINITIONS})
