"""Files of a directory: each record once, however files grow, are rotated, packed or sent again."""

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streams.collect.file_row import BROKEN, DONE, DUPLICATE, GONE, READING, REPLACED
from tests.streams.collect.switch import HEADER, Collecting, ids, line


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Collecting]:
    """A folder of growing files."""
    with closing(Collecting(tmp_path)) as found:
        yield found


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Collecting]:
    """A folder of whole files, deleted when they are read."""
    options = {"files": "whole", "finished_after_s": 3, "done": "delete"}
    with closing(Collecting(tmp_path, **options)) as found:
        yield found


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Collecting]:
    """A folder of whole files, some of them, that are moved when they are read."""
    (tmp_path / "done").mkdir()
    options = {"files": "whole", "finished_after_s": 1, "glob": ["*.csv", "*.csv.[0-9]"]}
    done = {"done": "move", "done_directory": str(tmp_path / "done")}
    with closing(Collecting(tmp_path, **options, **done)) as found:
        yield found


def test_only_whole_records_are_taken(here: Collecting) -> None:
    here.write("cdr.csv", HEADER + line(1) + line(2)[:20])
    here.run()
    assert here.calls() == ids(1)
    here.write("cdr.csv", line(2)[20:] + line(3))
    here.run()
    assert here.calls() == ids(1, 2, 3)
    row = here.row("cdr.csv")
    assert (row.records, row.calls, row.dead, row.line) == (4, 3, 0, 5)
    assert (row.state, row.skipped) == (READING, '{"header":1}')


def test_nothing_twice_after_a_kill_at_any_point(here: Collecting) -> None:
    here.write("cdr.csv", HEADER + line(1))
    here.step()
    here.kill()  # nothing was kept
    here.step()
    here.keep()
    here.kill()  # kept and not sent: it is sent, and not read again
    here.write("cdr.csv", line(2))
    here.run()
    here.kill()
    here.run()
    assert here.calls() == ids(1, 2)


def test_renamed_and_begun_anew(here: Collecting) -> None:
    here.write("cdr.csv", HEADER + line(1))
    here.run(1)
    (here.files / "cdr.csv").rename(here.files / "cdr.csv.1")
    here.write("cdr.csv.1", line(2))
    here.write("cdr.csv", HEADER + line(3))
    here.run()
    here.kill()
    here.run()
    assert here.calls() == ids(1, 2, 3)
    assert here.row("cdr.csv.1").calls == 2


def test_copied_and_truncated(here: Collecting) -> None:
    """The copy has a record that was not taken before the file was truncated."""
    path = here.write("cdr.csv", HEADER + line(1) + line(2))
    here.run()
    here.write("cdr.csv", line(3))
    shutil.copy2(path, here.files / "cdr.csv.1")
    here.write("cdr.csv", HEADER + line(4), "wb")
    here.run(10)
    assert here.calls() == ids(1, 2, 3, 4)
    copy = here.row("cdr.csv.1")
    assert (copy.calls, copy.start > 0) == (1, True)
    assert copy.copy_of, "it goes on where the truncated file was left"
    assert [r.name for r in here.ledger.in_state("sw", REPLACED)] == ["cdr.csv"]


def test_truncated_and_grown_beyond_where_it_was(here: Collecting) -> None:
    here.write("cdr.csv", HEADER + line(1))
    here.run()
    here.now_s += 1
    here.write("cdr.csv", HEADER + line(2) + line(3) + line(4), "wb")
    here.run()
    assert here.calls() == ids(1, 2, 3, 4)


def test_truncated_while_nobody_looked(here: Collecting) -> None:
    """Head and size are those of before, the middle is not: the hash of all of it tells."""
    one, other = (b"".join(line(n) for n in numbers) for numbers in ((1, 2, 3), (1, 4, 3)))
    path = here.write("cdr.csv", HEADER * 40 + one + HEADER * 40)
    here.run()
    before = path.stat()
    here.write("cdr.csv", HEADER * 40 + other + HEADER * 40, "wb")
    here.write("cdr.csv", line(5))
    assert path.stat().st_ino == before.st_ino
    here.kill()
    here.run()
    assert here.calls()["call-4"] == here.calls()["call-5"] == 1


def test_a_packed_file_and_the_same_unpacked(here: Collecting) -> None:
    data = HEADER + b"".join(line(n) for n in range(5))
    here.write("cdr.csv", data)
    here.run()
    here.pack("cdr.csv.1.gz", data)
    here.run(10)
    assert here.calls() == ids(*range(5))
    packed = here.row("cdr.csv.1.gz")
    assert (packed.state, packed.calls) == (DUPLICATE, 0)
    assert packed.copy_of == here.row("cdr.csv").id


def test_a_packed_file_alone(here: Collecting) -> None:
    here.pack("old.csv.gz", HEADER + line(1) + line(2).rstrip())
    here.run(1)
    assert not here.sent, "it may still be coming"
    here.run()
    assert here.calls() == ids(1, 2), "the last line needs no newline: no more can come"
    assert here.row("old.csv.gz").state == DONE


def test_a_file_and_its_copies_are_found_at_once(here: Collecting) -> None:
    """As after a time in which nobody looked: some of it known, some new, and packed as well."""
    here.write("cdr.csv", HEADER + line(1))
    here.run()
    path = here.write("cdr.csv", line(2) + line(3))
    here.pack("cdr.csv.1.gz", path.read_bytes())
    shutil.copyfile(path, here.files / "copy.csv")
    here.touch(here.files / "copy.csv")
    here.now_s += 10
    here.kill()
    here.run()
    assert here.calls() == ids(1, 2, 3)
    assert {here.row(name).calls for name in ("cdr.csv.1.gz", "copy.csv")} == {0}


@pytest.mark.parametrize("name", ["again.csv", "sub.csv"])
def test_a_file_sent_again(here: Collecting, name: str) -> None:
    data = HEADER + b"".join(line(n) for n in range(50))
    here.write("cdr.csv", data)
    here.run()
    here.kill()
    here.write(name, data)
    here.run(10)
    assert here.calls() == ids(*range(50))
    again = here.row(name)
    assert (again.state, again.calls, again.position) == (DUPLICATE, 0, len(data))
    here.write(name, line(50))
    here.run(10)
    assert here.calls() == ids(*range(51)), "it has only grown"
    assert here.row(name).calls == 1


def test_a_file_sent_again_under_its_own_name(here: Collecting) -> None:
    data = HEADER + line(1)
    path = here.write("cdr.csv", data)
    here.run()
    path.unlink()
    here.run()
    here.write("cdr.csv", data)
    here.run(10)
    assert here.calls() == ids(1)


def test_a_corrected_file_has_calls_of_its_own(here: Collecting) -> None:
    data = HEADER + line(1) + line(2)
    here.write("cdr.csv", data)
    here.run()
    here.write("cdr.rev2.csv", data)
    here.run(10)
    assert here.calls() == ids(1, 2) + ids(1, 2)
    assert here.row("cdr.rev2.csv").revision == "rev2"


def test_bad_records_are_told(here: Collecting) -> None:
    here.write(
        "cdr.csv", HEADER + line(1) + b"nonsense\n" + line(2).replace(b"4930", b"x") + line(3)
    )
    here.run()
    assert here.calls() == ids(1, 3)
    row = here.row("cdr.csv")
    assert (row.records, row.calls, row.dead) == (5, 2, 2)
    letters = here.dead()
    assert sorted(letter["reason"] for letter in letters) == ["invalid", "unreadable"]
    assert all("sw: cdr.csv, line " in letter["detail"] for letter in letters)


def test_a_file_that_went_away_unread_is_told(here: Collecting) -> None:
    path = here.write("cdr.csv", HEADER + line(1) + line(2)[:10])
    here.run()
    path.unlink()
    here.run()
    row = here.row("cdr.csv")
    assert (row.state, row.detail) == (GONE, "10 bytes were not read")


def test_a_damaged_packed_file(here: Collecting) -> None:
    packed = gzip.compress(HEADER + b"".join(line(n) for n in range(1_000)))
    here.write("cdr.csv.gz", packed[: len(packed) // 2])
    here.run()
    assert here.row("cdr.csv.gz").state == BROKEN
    here.write("cdr.csv.gz", packed, "wb")
    here.run(10)
    assert here.calls() == ids(*range(1_000))


def test_whole_files_wait_until_they_are_whole(whole: Collecting) -> None:
    path = whole.write("cdr.csv", HEADER + line(1))
    whole.run(2)
    assert not whole.sent
    whole.write("cdr.csv", line(2).rstrip())
    whole.run(8)
    assert whole.calls() == ids(1, 2)
    assert whole.row("cdr.csv").state == DONE
    assert not path.exists()


def test_finished_files_are_moved(moving: Collecting, tmp_path: Path) -> None:
    done = tmp_path / "done"
    (done / "a.csv").write_text("somebody else's")
    moving.write("a.csv", HEADER + line(1))
    moving.run(6)
    assert sorted(os.listdir(done)) == ["a.csv", "a.csv.1"]
    assert (done / "a.csv").read_text() == "somebody else's"
    assert not os.listdir(moving.files)


def test_names_that_are_not_asked_for(moving: Collecting) -> None:
    for name in ("a.csv", "a.csv.1", ".a.csv", "a.txt"):
        moving.write(name, HEADER + line(len(name)))
    (moving.files / "dir.csv").mkdir()
    moving.run()
    assert moving.calls() == ids(5, 7)


def test_a_large_file_in_steps(here: Collecting) -> None:
    data = HEADER + b"".join(line(n, f"customer-{n % 7}") for n in range(120_000))
    here.write("cdr.csv", data)
    assert here.step(), "more than one step"
    here.run()
    assert here.calls() == ids(*range(120_000))
    assert here.row("cdr.csv").position == len(data)
