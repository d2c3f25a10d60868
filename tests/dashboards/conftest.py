"""What tests of the console share."""

from pathlib import Path

import pytest


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default folder of data is the test's own."""
    monkeypatch.chdir(tmp_path)
