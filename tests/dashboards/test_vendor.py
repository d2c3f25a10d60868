"""Assets of others: unchanged, licensed, small; and our own pages ask no other host."""

import hashlib
import re
from pathlib import Path

import dashboards

ROOT = Path(dashboards.__file__).parent
VENDOR = ROOT / "static" / "vendor"
FILE_BYTES_MAX = 1_800_000
ROW = re.compile(r"^\| (\S+) \| \S+ \| \S+ \| [^|]+ \| ([0-9a-f]{64}) \|$", re.MULTILINE)
TEXTS = ("LICENSE", "NOTICE", "VENDOR.md")


def _assets() -> set[str]:
    files = (path for path in VENDOR.rglob("*") if path.is_file())
    return {str(f.relative_to(VENDOR)) for f in files if not f.name.startswith(TEXTS)}


def test_the_table_names_every_file_and_its_sum() -> None:
    table = dict(ROW.findall((VENDOR / "VENDOR.md").read_text()))
    assert set(table) == _assets()
    for name, sha256 in table.items():
        content = (VENDOR / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256, f"{name} was changed"
        assert len(content) <= FILE_BYTES_MAX
        assert (VENDOR / name).with_name("LICENSE").is_file()


def test_our_pages_and_scripts_name_no_other_host() -> None:
    ours = [*ROOT.glob("pages/*.html"), *ROOT.glob("static/*.*")]
    assert len(ours) > 10
    for path in ours:
        hosts = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text())
        assert set(hosts) <= {"http://www.w3.org"}, f"{path.name} names {hosts}"


def test_pages_have_no_inline_script_or_style() -> None:
    for path in ROOT.glob("pages/*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text), path.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path.name
