"""The kernels' benchmark on a tiny world: every peer at hand finds the kernels' totals."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.kernel_ours import Job, compile_all
from tests.bench.kernel_peers import PEERS, ROOT, answer, missing
from tests.bench.kernel_tables import write_tables
from tests.bench.kernel_world import Size, World, make_traffic, make_world
from tests.bench.kernels import KEYS

TINY = Size(decks=6, codes=400, union=2_000, prices=300)
CALLS = 20_000


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(TINY)


@pytest.fixture(scope="module")
def job(world: World) -> Job:
    return Job(compile_all(world).book, make_traffic(world, CALLS, 3))


@pytest.fixture(scope="module")
def tables(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(world, make_traffic(world, CALLS, 3), folder)
    return folder


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_finds_our_totals(name: str, job: Job, tables: Path) -> None:
    if package := missing(name):
        pytest.skip(f"{package} is not installed")
    ours = job.totals()["from numbers"]
    assert 0 < ours[0] < CALLS  # some calls find no rate: gaps, and codes that nobody has
    found = answer(name, tables, 1)
    assert found.totals == dict.fromkeys(found.totals, ours)


def test_from_nodes_and_on_one_thread_the_totals_are_the_same(job: Job) -> None:
    from_numbers, *others = job.totals().values()
    assert others == [from_numbers] * 2


def test_the_last_line_is_json_with_every_key() -> None:
    small = {"--calls": 2_000, "--decks": 4, "--codes": 300, "--union": 1_500, "--runs": 1}
    options = [str(word) for option in small.items() for word in option]
    command = [sys.executable, "-m", "tests.bench.kernels", *options, "--peers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert tuple(figures)[: len(KEYS)] == KEYS
    assert figures["totals_equal"]
