"""The OpenAPI document and a page to try it, for whoever has signed in or has a key.

The document says what FastAPI cannot know: problem details in every refusal, and how one signs in.
"""

from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api import page
from dashboards.api.examples import ADDRESS, BODIES
from dashboards.api.problems import MEDIA_TYPE, Problem
from dashboards.api.who import SignedIn, refusals
from dashboards.identity import cookie, forgery
from dashboards.identity.access import open_to_all

PATH = "/v1/openapi.json"
SECURITY: Final = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `tw_...`, made at /account or by `tollwire key new`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookie.PLAIN,
        "description": f"The cookie of a signed-in browser (behind HTTPS: {cookie.SECURE}). "
        f"What changes something needs the session's token in `{forgery.HEADER}`, too.",
    },
}
_INVALID: Final = ("HTTPValidationError", "ValidationError")
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def read_openapi(request: Request, _: SignedIn) -> dict[str, Any]:
    """Every endpoint under /v1."""
    return document(request.app)


@router.get("/api")
async def open_api(request: Request, person: SignedIn) -> Response:
    """Every endpoint, to be read and tried."""
    return page.shown(request, "api.html", person, address=PATH)


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an app, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(
        title="Tollwire",
        version=app.version,
        summary="Wholesale voice: what calls cost, what they are sold for, who abuses them.",
        routes=app.routes,
    )
    parts = said["components"]
    parts["schemas"]["Problem"] = Problem.model_json_schema()
    for name in _INVALID:
        parts["schemas"].pop(name, None)
    parts["securitySchemes"] = SECURITY
    for name, example in BODIES.items():
        parts["schemas"][name]["examples"] = [example]
    said["security"] = [{name: []} for name in SECURITY]
    needs_nobody = open_to_all(app.routes)
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            if "{" in path:
                operation["responses"].setdefault("404", refusals(404)[404])
            _mend(operation, (method.upper(), path) in needs_nobody)
    return said


def _mend(operation: dict[str, Any], needs_nobody: bool) -> None:
    """Refusals are problems; what is open to all needs no key; docstrings are summaries."""
    summary, _, rest = operation.pop("description", "").partition("\n\n")
    operation["summary"] = " ".join(summary.split())
    if rest:
        operation["description"] = rest
    if needs_nobody:
        operation["security"] = []
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in ADDRESS:
            parameter["example"] = ADDRESS[parameter["name"]]
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            continue
        if "application/json" not in answer.get("content", {}) or status == "422":
            answer["content"] = _PROBLEM
        if status == "422":
            answer.update(refusals(422)[422])
