"""switches.toml: what is wrong with it is said by file, key and value."""

from pathlib import Path

import pytest

from billing.errors import FileRefused, OptionsRefused
from streams.collect.options import Folder, Post, intakes, spans_files
from streams.collect.process import read_intakes
from tests.streams.collect.switch import TOML, toml

HASH = "a" * 64
FLATSTORE = '[sources.k]\nformat = "acc_flatstore"\n[sources.k.collect]\n'


def read(tmp_path: Path, text: str) -> Folder | Post | None:
    """The first source's folder, or where it has none its post."""
    path = tmp_path / "switches.toml"
    path.write_text(text)
    found = read_intakes(path)[0]
    return found.folder or found.post


def test_what_need_not_be_said(tmp_path: Path) -> None:
    folder = read(tmp_path, toml(tmp_path))
    assert folder == Folder(str(tmp_path), ("*",), False, 86_400, "keep", "")
    whole = read(tmp_path, toml(tmp_path, files="whole", glob=["*.a", "*.b"]))
    assert whole == Folder(str(tmp_path), ("*.a", "*.b"), True, 5, "keep", "")
    post = read(tmp_path, TOML + f'path = "/cdr/x"\ntoken_sha256 = "{HASH}"\n')
    assert post == Post("/cdr/x", (bytes.fromhex(HASH),), "")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "needs `directory` (files) or `path` (HTTP)"),
        ('directory = "cdr"', "collect.directory='cdr': must begin with /"),
        ('directory = "/cdr"\nglob = "a/*"', "collect.glob='a/*': 1 to 16 patterns"),
        ('directory = "/cdr"\nglob = []', "collect.glob=[]: 1 to 16 patterns"),
        ('directory = "/cdr"\nglob = 5', "collect.glob=5: "),
        ('directory = "/cdr"\nfiles = "big"', "collect.files='big': "),
        ('directory = "/cdr"\nfinished_after_s = -1', "collect.finished_after_s=-1: "),
        ('directory = "/cdr"\nfinished_after_s = "1h"', "collect.finished_after_s='1h': "),
        ('directory = "/cdr"\ndone = "burn"', "collect.done='burn': "),
        ('directory = "/cdr"\ndone = "move"', "collect.done_directory='': must begin with /"),
        ('directory = "/c"\ndone_directory = "/d"', "has no use without done"),
        ('directory = "/c"\ndone = "move"\ndone_directory = "/c/"', "is the directory itself"),
        ('directory = "/cdr"\nfolder = "/x"', "collect.folder='/x': "),
        (f'path = "cdr"\ntoken_sha256 = "{HASH}"', "collect.path='cdr': "),
        ('path = "/cdr"', "1 to 8 hashes of 64"),
        ('path = "/cdr"\ntoken_sha256 = "secret"', "1 to 8 hashes of 64"),
        (f'path = "/cdr"\ntoken_sha256 = "{HASH}"\nuser = "a:b"', "without a colon"),
        (f'directory = "/cdr"\ntoken_sha256 = "{HASH}"', "of no use without it"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(OptionsRefused) as refused:
        read(tmp_path, TOML + more)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/switches.toml: sources.sw.collect")
    assert "secret" not in str(refused.value), "what may be a token is not shown"


def test_a_path_is_of_one_source(tmp_path: Path) -> None:
    one = TOML + f'path = "/cdr"\ntoken_sha256 = "{HASH}"\n'
    with pytest.raises(OptionsRefused, match="source sw has this path"):
        read(tmp_path, one + one.replace("sources.sw", "sources.other"))


def test_records_that_wait_for_others_cannot_be_posted(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused, match="wait for others, which a post cannot"):
        read(tmp_path, FLATSTORE + f'path = "/cdr"\ntoken_sha256 = "{HASH}"\n')
    found = read_intakes(_written(tmp_path, FLATSTORE + 'directory = "/cdr"\n'))
    assert spans_files(found[0].source)


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "switches.toml"
    path.write_text(text)
    return path


def test_no_file_or_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="cannot be read"):
        read_intakes(tmp_path / "nowhere.toml")
    with pytest.raises(OptionsRefused, match="nothing to collect"):
        read_intakes(_written(tmp_path, ""))
    with pytest.raises(OptionsRefused, match="nothing to collect"):
        intakes([], "switches.toml")
