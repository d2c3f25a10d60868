"""Whatever a switch, a rotation, a kill and a look do, in any order: each call once."""

import gzip
import shutil
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.streams.collect.switch import HEADER, Collecting, line

ACTS = st.sampled_from(
    ["write", "cut", "rename", "copy", "pack", "look", "look", "keep", "send", "kill", "wait"]
)


class World:
    """One switch and one collector; `written` counts the whole records."""

    def __init__(self, here: Collecting) -> None:
        self.here, self.written, self.rest, self.names = here, 0, b"", 0
        here.write("cdr.csv", HEADER)
        here.step()

    def act(self, what: str) -> None:
        """Do one thing; a step that was begun is kept and sent by later ones, or by none."""
        here = self.here
        path = here.files / "cdr.csv"
        if what in ("write", "cut"):
            data = line(self.written)
            cut = len(data) // 2 if what == "cut" and not self.rest else len(data)
            here.write("cdr.csv", data[len(self.rest) : cut])
            self.rest = data[:cut] if cut < len(data) else b""
            self.written += cut == len(data)
        elif what == "rename" and not self.rest:
            self.names += 1
            path.rename(here.files / f"cdr.csv.{self.names}")
            here.write("cdr.csv", HEADER)
        elif what in ("copy", "pack") and not self.rest:
            self.settle()
            self.names += 1
            name = f"cdr.csv.{self.names}"
            if what == "pack":
                here.write(f"{name}.gz", gzip.compress(path.read_bytes()), "wb")
            else:
                shutil.copyfile(path, here.files / name)
                here.touch(here.files / name)
            here.run(8)  # a copy that is older than what was taken of its original is not known
        elif what in ("look", "keep", "send", "kill"):
            self.collect(what)
        here.now_s += 10 if what == "wait" else 1

    def collect(self, what: str) -> None:
        """The collector goes so far and is killed, or goes all the way."""
        here = self.here
        here.send()  # what a process kept before is sent before anything is taken
        here.step()
        if what in ("keep", "send", "look"):
            here.keep()
        if what in ("send", "look"):
            here.send()
        if what != "look":
            here.kill()

    def settle(self) -> None:
        """Everything that is whole has been taken."""
        self.here.send()
        self.here.run(3)


@settings(deadline=None, max_examples=25)
@given(st.lists(ACTS, max_size=25))
def test_each_call_once(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Collecting(Path(folder))) as here:
        world = World(here)
        for act in acts:
            world.act(act)
        here.send()
        here.now_s += 10
        here.run(5)
        assert here.calls() == Counter(f"call-{n}" for n in range(world.written))
        assert not here.dead()
