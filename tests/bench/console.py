"""Fifty open NOC pages while calls flow: the age of figures when they arrive, and what it costs.

`make bench-console`; the last line is JSON. A page is what a browser holds: one stream of
server-sent events. Beside the streams the same data are fetched once a second by every page, and,
in the same run, an answer that holds nothing (`/healthz`): what HTTP alone takes. Pages and sender
are processes of their own, on the same cores as everything else.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import ClientSession, ClientTimeout

from dashboards.identity.cookie import PLAIN
from deploy.local import is_up
from deploy.runtime.settings import Settings
from tests.bench.credit import percentiles_ms
from tests.bench.rig import Rig, Traffic, cpu_s, rig, rss_mb, serve, wait
from tests.conftest import free_port
from tests.dashboards import people

LINE_BYTES_MAX: Final = 4 * 1024 * 1024
WARM_S: Final = 20.0
Look = Callable[[], Awaitable[None]]


async def page(session: ClientSession, url: str, until: float, ages_s: list[float]) -> None:
    """An open page: the age of each snapshot as it arrives; the first may be an older one."""
    first = True
    async with session.get(f"{url}/v1/noc/stream") as stream:
        assert stream.status == 200, stream.status
        async for line in stream.content:
            if line.startswith(b"data:") and len(line) > 10:
                age_s = time.time() - json.loads(line[5:])["now_ms"] / 1_000
                if not first:
                    ages_s.append(age_s)
                first = False
            if time.monotonic() > until:
                return


async def each_second(look: Look, begin: float, seconds: int, taken: list[float]) -> None:
    """Do something once a second; the seconds of each."""
    for beat in range(seconds):
        await asyncio.sleep(max(0.0, begin + beat - time.monotonic()))
        begun = time.perf_counter()
        await look()
        taken.append(time.perf_counter() - begun)


async def watch(url: str, token: str, pages: int, seconds: int) -> dict[str, float]:
    """The figures of some pages, open and asking for some time."""
    ages_s: list[float] = []
    taken: dict[str, list[float]] = {"/v1/noc": [], "/healthz": []}
    timeout = ClientTimeout(total=seconds + 120)
    async with ClientSession(
        cookies={PLAIN: token}, timeout=timeout, read_bufsize=LINE_BYTES_MAX
    ) as session:

        def looking(path: str) -> Look:
            async def look() -> None:
                async with session.get(url + path) as answer:
                    await answer.read()
                    assert answer.status == 200, answer.status

            return look

        begin = time.monotonic()
        tasks = [page(session, url, begin + seconds, ages_s) for _ in range(pages)]
        for path, found in taken.items():
            tasks += [
                each_second(looking(path), begin + i / pages, seconds, found) for i in range(pages)
            ]
        await asyncio.gather(*tasks)
    figures = percentiles_ms(ages_s, "stream_age") | percentiles_ms(taken["/v1/noc"], "noc")
    figures |= percentiles_ms(taken["/healthz"], "http_floor")
    return figures | {"events_per_page_s": round(len(ages_s) / pages / seconds, 2)}


def measure(made: Rig, pages: int, seconds: int, calls_per_s: float) -> dict[str, float]:
    """Start rater, console, and calls; have the pages watch."""
    made.rater()
    made.decks()
    console = serve("console", made.settings)
    wait(console, lambda: is_up(made.settings.console, "TOLLWIRE_CONSOLE"))
    token = people.entrance(people.opened(made.settings))
    traffic = Traffic(made.settings, calls_per_s, "console-")
    traffic.start()
    asked = ["--url", f"http://{made.settings.console}", "--token", token, "--pages", str(pages)]
    command = [sys.executable, "-m", "tests.bench.console", *asked]

    def watched(for_s: int) -> dict[str, float]:
        done = subprocess.run(
            [*command, "--seconds", str(for_s)], stdout=subprocess.PIPE, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found

    watched(int(WARM_S))
    before_mb, before_s, begun = rss_mb(console.pid), cpu_s(console.pid), time.monotonic()
    figures = watched(seconds)
    cores = (cpu_s(console.pid) - before_s) / (time.monotonic() - begun)
    sent = traffic.stop()
    figures |= {
        "console_mb_before": round(before_mb),
        "console_mb_after": round(rss_mb(console.pid)),
        "console_cores": round(cores, 2),
        "calls_sent": sent,
    }
    console.terminate()
    console.wait(30)
    return figures


def own(settings: Settings) -> Settings:
    """With a console on a free port."""
    return settings.model_copy(update={"console": f"127.0.0.1:{free_port()}"})


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--calls-per-s", type=float, default=5_000.0)
    parser.add_argument("--url", help="be the pages of this console")
    parser.add_argument("--token", default="")
    asked = parser.parse_args()
    if asked.url:
        print(json.dumps(asyncio.run(watch(asked.url, asked.token, asked.pages, asked.seconds))))
        return
    with tempfile.TemporaryDirectory() as folder, rig(Path(folder)) as made:
        made.settings = own(made.settings)
        figures = measure(made, asked.pages, asked.seconds, asked.calls_per_s)
        kept = {"broker": made.broker.name, "pages": asked.pages, "calls_per_s": asked.calls_per_s}
    for key, value in figures.items():
        print(f"{key:24} {value:12,.2f}")
    print(json.dumps({**kept, **figures}))


if __name__ == "__main__":
    main()
