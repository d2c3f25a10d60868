"""`tollwire user`, `key` and `audit`, as an operator types them."""

from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from billing.errors import TollwireError
from dashboards.identity.tables import AUDIT
from deploy.cli import app
from deploy.runtime.documents import changing, opened


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of the test's own."""
    monkeypatch.setenv("TOLLWIRE_DATA_DIR", str(tmp_path))


def run(*words: str) -> Result:
    """A command that works."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def refusal(*words: str) -> str:
    """What a command that is refused says."""
    done = CliRunner().invoke(app, list(words))
    assert isinstance(done.exception, TollwireError), done.output
    return str(done.exception)


def test_users_keys_and_what_the_log_says_of_them(tmp_path: Path) -> None:
    assert "one-time password of root: " in run("user", "add", "root", "--role", "admin").stdout
    run("user", "add", "ann", "--role", "noc.viewer", "--role", "noc.operator")
    run("user", "add", "ben", "--role", "partner", "--partner", "acme")
    key = run("key", "new", "ann", "--role", "noc.viewer", "--label", "export").stdout.strip()
    assert key.startswith("tw_")
    assert f"{key[:9]}... of ann" in run("key", "list").stdout
    assert key not in run("key", "list", "ann").stdout
    run("key", "revoke", "1")
    assert "revoked" in run("key", "list").stdout
    run("user", "roles", "ann", "--role", "finance.analyst", "--reason", "moved")
    run("user", "disable", "ann")
    listed = run("user", "list").stdout.splitlines()
    assert listed[0] == "ann: finance.analyst, disabled, one-time password"
    assert listed[1] == "ben: partner, of acme, one-time password"
    run("user", "enable", "ann")
    run("user", "password", "ann")
    shown = run("audit", "show", "--what", "user.roles").stdout
    assert "user.roles ann: noc.operator, noc.viewer -> finance.analyst (moved)" in shown
    checked = run("audit", "check").stdout
    head = checked.split()[-1]
    assert head.startswith("9:")
    run("audit", "check", "--head", head)
    url = f"sqlite:///{tmp_path}/documents.db"
    with changing(opened(url)) as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.number == 2).values(actor="nobody"))
    assert refusal("audit", "check") == "the audit log does not hold: row 2 was changed"


def test_what_makes_no_sense_is_refused() -> None:
    run("user", "add", "root", "--role", "admin")
    assert "admin" in refusal("user", "disable", "root")
    assert "one of" in refusal("user", "add", "ann", "--role", "boss")
    assert "no user" in refusal("user", "password", "nobody")
    assert "no key" in refusal("key", "revoke", "7")
    assert "NUMBER:HASH" in refusal("audit", "check", "--head", "x")
