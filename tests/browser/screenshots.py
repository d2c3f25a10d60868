"""Pictures of every page, from the demo as `tollwire run` shows it: docs/img/*.png.

`make screenshots`. Takes some minutes: the demo's hacked PBX begins 45 s after the start, and the
lines of the NOC page want something to show.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from dashboards.identity.roles import Role
from deploy.local import is_up
from deploy.runtime.settings import Settings
from tests.browser.conftest import QUIET, chromium_path
from tests.dashboards import people
from tests.deploy.conftest import settings_in

PICTURES = Path(__file__).parents[2] / "docs" / "img"
SIZE: ViewportSize = {"width": 1600, "height": 1000}
START_S_MAX = 120
ALERT_S_MAX = 420
WARM_S = 240
FIRST = "main table tbody a"


def pictures(settings: Settings, page: Page) -> None:
    """Take them all."""
    url = f"http://{settings.console}"

    def take(name: str) -> None:
        page.wait_for_load_state("load")
        page.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/img/{name}.png", flush=True)

    page.goto(f"{url}/sign-in")
    take("sign-in")
    people.person(people.opened(settings), "olga", list(Role)[:-1])
    page.fill('[name="name"]', "olga")
    page.fill('[name="password"]', people.PASSWORD)
    page.click('[type="submit"]')
    begun = time.monotonic()
    page.locator("#alerts-rows a").first.wait_for(timeout=ALERT_S_MAX * 1_000)
    page.wait_for_timeout(max(0.0, WARM_S - (time.monotonic() - begun)) * 1_000)
    take("noc")
    for name in ("alerts", "calls"):
        page.goto(f"{url}/{name}")
        take(name)
        page.locator(FIRST).first.click()
        if name == "calls":
            page.get_by_role("link", name="Why this price").click()
        take(name.removesuffix("s"))
    names = ("suspense", "accounts", "decks", "reratings", "profit", "variance", "wall")
    for name in (*names, "account", "admin/users", "admin/audit"):
        page.goto(f"{url}/{name}")
        take(name.split("/")[-1])


def main() -> None:
    """Start the demo on free ports, look at it, stop it."""
    with tempfile.TemporaryDirectory() as name, settings_in(Path(name)) as settings:
        with (Path(name) / "run.log").open("wb") as log:
            command = [sys.executable, "-m", "deploy.cli", "run"]
            demo = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
                page = browser.new_page(viewport=SIZE)
                until = time.monotonic() + START_S_MAX
                while not is_up(settings.console, "TOLLWIRE_CONSOLE"):
                    if time.monotonic() > until or demo.poll() is not None:
                        raise SystemExit(f"no console:\n{(Path(name) / 'run.log').read_text()}")
                    page.wait_for_timeout(500)
                pictures(settings, page)
                browser.close()
        finally:
            demo.terminate()
            demo.wait(60)


if __name__ == "__main__":
    main()
