"""The packages are flat, so that they must not be shadowed by a stranger of the same name."""

from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.test_tidy import PACKAGES, ROOT, TRACKED

FOLDERS = {*PACKAGES, "tests", "docs", "requirements", ".ci"}


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_ours(package: str) -> None:
    owners = packages_distributions().get(package, [])
    assert set(owners) <= {"tollwire"}, f"{package} also comes from {owners}"
    module = __import__(package)
    assert Path(module.__file__ or "").parent == ROOT / package


def test_the_top_level_is_the_one_of_the_design() -> None:
    found = {name.split("/")[0] for name in TRACKED if "/" in name}
    assert found <= FOLDERS, f"folders nobody planned: {found - FOLDERS}"
    assert found >= FOLDERS - {".ci"}
