"""The page of the API, in a real Chromium: every endpoint is listed, and one is tried."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dashboards.identity.roles import Role

pytestmark = pytest.mark.browser


def test_an_endpoint_is_tried_with_the_session(open_page: Callable[..., Page]) -> None:
    page = open_page("/api", roles=[Role.ADMIN])
    document = page.evaluate("() => fetch('/v1/openapi.json').then((answer) => answer.json())")
    listed = page.locator("#api .opblock")
    for tag in page.locator("#api .opblock-tag").all():
        tag.click()
    expect(listed).to_have_count(sum(map(len, document["paths"].values())))
    session = page.locator("#operations-identity-read_session")
    session.locator("button.opblock-summary-control").click()
    session.get_by_role("button", name="Try it out").click()
    session.get_by_role("button", name="Execute").click()
    expect(session.get_by_role("cell", name="200").first).to_be_visible()
    expect(session.locator(".live-responses-table")).to_contain_text('"nora"')
