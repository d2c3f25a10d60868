"""Signing in, in a real Chromium: the first admin, the way back, a session that ends in a form."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboards.identity.roles import Role
from dashboards.identity.store import Identity
from deploy.runtime.settings import Settings
from tests.browser.conftest import Guard
from tests.dashboards.console_process import ConsoleProcess
from tests.dashboards.people import PASSWORD, opened, person

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
OWN = "a password of my own"


@pytest.fixture
def own(console_settings: Settings, console: ConsoleProcess) -> Identity:
    """Identity beside the running console."""
    return opened(console_settings)


def sign_in(page: Page, name: str, password: str) -> None:
    """By the keyboard, as the form is."""
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_the_first_admin_changes_the_printed_password_and_goes_on(
    console: ConsoleProcess, open_page: OpenPage
) -> None:
    printed = re.findall(r"one-time password (\S+)", console.log.read_text())
    assert len(printed) == 1
    page = open_page("/noc?x=1", signed_in=False)
    sign_in(page, "admin", printed[0])
    expect(page).to_have_url(re.compile("/account$"))
    expect(page.locator("#key")).to_have_count(0)
    page.get_by_label("One-time password").fill(printed[0])
    page.get_by_label("New password", exact=False).first.fill(OWN)
    page.get_by_label("New password again").fill(OWN + "!")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_have_text("The two new passwords differ.")
    page.get_by_label("New password again").fill(OWN)
    page.get_by_role("button", name="Change password").click()
    expect(page).to_have_url(re.compile("/noc$"))
    expect(page.locator("#me")).to_contain_text("admin")


def test_the_way_back_and_out(own: Identity, open_page: OpenPage, guard: Guard) -> None:
    person(own)
    page = open_page("/noc?account=acme", signed_in=False)
    sign_in(page, "nora", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/noc\?account=acme$"))
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in$"))
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    # Chromium writes a refused password into its console as an error.
    assert [text for text in guard.errors if "401" not in text] == []
    guard.errors.clear()


def test_a_session_that_ends_in_a_form_loses_nothing(
    own: Identity, open_page: OpenPage, guard: Guard
) -> None:
    page = open_page("/account")
    expect(page.locator("#again")).to_be_hidden()
    page.get_by_label("What is it for?").fill("billing export")
    page.get_by_label("noc.viewer").check()
    own.users.set_password("nora", OWN, own.by("test"))
    page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session has ended")
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    dialog.get_by_label("Password").fill(OWN)
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.locator("#secret output")).to_have_text(re.compile(r"^tw_\S{43}$"))
    key = page.locator("#secret output").inner_text()
    found = own.of_bearer(key)
    assert found is not None
    assert (found.name, own.keys.all()[0].label) == ("nora", "billing export")
    with page.expect_navigation():
        page.get_by_role("button", name="I have copied it").click()
    expect(page.locator("#keys tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("#keys tbody")).to_contain_text("revoked")
    assert own.of_bearer(key) is None
    assert [text for text in guard.errors if "401" not in text] == []
    guard.errors.clear()


def test_the_noc_page_of_an_ended_session_leads_to_the_sign_in_page(
    own: Identity, open_page: OpenPage, guard: Guard
) -> None:
    page = open_page("/noc?account=acme")
    expect(page.locator("body")).to_have_attribute("data-state", "empty")
    own.users.reset_password("nora", own.by("test"))
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Fnoc%3Faccount%3Dacme$"), timeout=30_000)
    assert [text for text in guard.errors if "401" not in text] == []
    guard.errors.clear()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_nothing_of_the_sign_in_page_is_cut(
    open_page: OpenPage, theme: str, size: tuple[int, int], tmp_path: Path
) -> None:
    page = open_page("/sign-in?next=/noc", size=size, theme=theme, signed_in=False)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(sideways) is False
    page.screenshot(path=tmp_path / f"sign-in-{theme}-{size[0]}.png")
    assert page.locator("#sign-in").bounding_box() is not None


def test_an_admin_adds_a_user_and_finds_it_in_the_log(
    own: Identity, open_page: OpenPage, tmp_path: Path
) -> None:
    person(own, "nora", [Role.ADMIN])
    page = open_page("/admin/users", size=(1280, 800))
    form = page.locator("#add")
    form.get_by_label("Name").fill("ann")
    form.get_by_label("noc.operator").check()
    form.get_by_label("Reason").fill("new shift")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#secret output")).to_have_text(re.compile("^[a-z0-9-]{23}$"))
    password = page.locator("#secret output").inner_text()
    assert own.users.verified("ann", password) is not None
    with page.expect_navigation():
        page.get_by_role("button", name="I have copied it").click()
    expect(page.locator("#users tbody")).to_contain_text("ann")
    page.screenshot(path=tmp_path / "users.png", full_page=True)
    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("What").first.fill("user.add")
    page.get_by_role("button", name="Show").click()
    row = page.locator("#audit tbody tr").first
    expect(row).to_contain_text("ann")
    expect(row).to_contain_text("new shift")
    page.screenshot(path=tmp_path / "audit.png", full_page=True)
    page.locator("#me").click()
    expect(page.locator("#keys-card")).to_be_visible()
    page.screenshot(path=tmp_path / "account.png", full_page=True)
