"""Everything the campaign runs, and how it is started: broker, ClickHouse behind the proxy, raters,
controls, console, canary, generator. Addresses are fixed for the whole run, so that a restart finds
them.
"""

import asyncio
import json
import signal
import threading
import time
from typing import Any, Final, Literal

from deploy.accounts import load_accounts
from deploy.local import is_up, rater_metric
from deploy.reference import load_deck
from deploy.runtime.settings import Settings
from streams import topics
from streams.rater import GROUP
from tests.chaos import world
from tests.chaos.processes import (
    POLL_S,
    READY_S_MAX,
    NotReady,
    Process,
    Ready,
    Watch,
    environment,
    peak_mb,
)
from tests.chaos.proxy import Proxy
from tests.chaos.surroundings import Asked, Clock, Disk
from tests.kafka.broker import Broker, steady_port
from tests.kafka.cluster import Kafka
from tests.kafka.embedded import Tansu

Role = Literal["rater", "controls"]
GROUPS: Final[dict[Role, str]] = {"rater": GROUP, "controls": topics.CONTROLS}
TARIFF_S_MAX: Final = 60.0
MONTH_MS: Final = 30 * 86_400_000
_SERVE: Final = ["deploy.cli", "serve"]


def _local() -> str:
    return f"127.0.0.1:{steady_port()}"


class Plant:
    """All parts. `start` starts them in order, `stop` stops every one."""

    def __init__(self, asked: Asked) -> None:
        folder = asked.folder
        self.asked = asked
        self.broker: Broker = (
            Kafka(folder, asked.nodes) if asked.broker == "kafka" else Tansu(folder)
        )
        self.disk, self.clock = Disk(folder / "disk"), Clock(folder / "clock")
        rater_addresses = [_local() for _ in range(3)]
        self.direct = Settings(
            broker=self.broker.address,
            clickhouse=f"http://{_local()}",
            console=_local(),
            raters=",".join(rater_addresses),
            data_dir=self.disk.folder,
            partitions=world.PARTITIONS,
            replication=min(3, asked.nodes),
            kernel_threads=1,
            dedupe_calls=400_000,
            # the group gives a dead member up after 1.5 times this: later than a new one is there
            rebalance_timeout_s=9.0,
            fetch_wait_ms=100 if asked.broker == "kafka" else 10,
        )
        """Leads to ClickHouse past the proxy."""
        port = steady_port()
        self.proxy = Proxy(port, int(self.direct.clickhouse.rsplit(":", 1)[1]))
        self.through = self.direct.model_copy(
            update={"clickhouse": f"http://127.0.0.1:{port}", "data_dir": folder}
        )
        self.rater_settings = [
            self.through.model_copy(update={"rater_metrics": address})
            for address in rater_addresses
        ]
        self._make_processes()
        self.broker_lock = threading.Lock()
        self.proxy_lock = threading.Lock()
        self.clock_lock = threading.Lock()
        self.canary_kills = 0
        self.ghosts = 0
        """Restarts that met the dead worker still in the group."""
        self.broker_memory_mb: dict[str, float] = {}
        self.log = ""
        """The cluster's id."""
        self.versions: list[world.Version] = []

    def _make_processes(self) -> None:
        asked, through = self.asked, self.through
        self.clickhouse = self._process(
            "clickhouse",
            [*_SERVE, "clickhouse"],
            self.direct,
            lambda: is_up(self.direct.clickhouse, "TOLLWIRE_CLICKHOUSE"),
        )
        self.raters = [self._rater(number) for number in range(3)]
        """The third one comes and goes."""
        self.controls = [self._control(number) for number in range(2)]
        self.console = self._process(
            "console",
            [*_SERVE, "console"],
            through,
            lambda: is_up(through.console, "TOLLWIRE_CONSOLE"),
        )
        self.canary = self._process("canary", ["tests.chaos.canary"], through)
        sent = [str(asked.folder), asked.run, str(asked.seed), str(asked.calls_per_s)]
        self.generator = self._process("generator", ["tests.chaos.generator", *sent], through)
        self.lasting = (
            *(self.clickhouse, *self.raters[:2], *self.controls),
            *(self.console, self.canary),
        )
        """What should be up whenever nothing is broken."""
        self._watch = Watch([*self.lasting, self.raters[2]])

    def _process(
        self, name: str, arguments: list[str], settings: Settings, ready: Ready | None = None
    ) -> Process:
        return Process(name, arguments, environment(settings), self.asked.folder, ready)

    def _rater(self, number: int) -> Process:
        settings = self.rater_settings[number]
        name, jumps = f"rater-{number}", number == 1 and not self.clock.why_not
        program = ["tests.chaos.jumping_clock", "serve"] if jumps else _SERVE
        clock = self.clock.environment() if jumps else {}
        return Process(
            name,
            [*program, "rater"],
            environment(settings) | clock,
            self.asked.folder,
            lambda: rater_metric(settings, "tollwire_rater_ready") == 1,
        )

    def _control(self, number: int) -> Process:
        own = {"controls_metrics": _local(), "controls": _local()}
        settings = self.through.model_copy(update=own)
        asking = settings.model_copy(update={"rater_metrics": settings.controls_metrics})
        return self._process(
            f"controls-{number}",
            [*_SERVE, "controls"],
            settings,
            lambda: rater_metric(asking, "tollwire_controls_ready") == 1,
        )

    @property
    def processes(self) -> list[Process]:
        """All but the broker's nodes."""
        return [*self._watch.processes, self.generator]

    def workers(self, role: Role) -> list[Process]:
        """The workers of a group that should be up whenever nothing is broken."""
        return self.raters[:2] if role == "rater" else self.controls

    def start(self) -> None:
        """Start everything but the generator, load the world, and wait until all is ready."""
        self.broker.start()
        self.proxy.start()
        self.clickhouse.start()
        self.clickhouse.wait_ready()
        self.log = asyncio.run(topics.ensure_topics(self.direct))
        others = [process for process in self.lasting if process is not self.clickhouse]
        for process in others:
            process.start()
        for process in others:
            process.wait_ready()
        accounts = self.asked.folder / "accounts.toml"
        accounts.write_text(world.accounts_toml())
        load_accounts(self.direct, accounts)
        self.publish(int(time.time() * 1_000) - MONTH_MS)
        self._watch.start()

    def publish(self, valid_from_ms: int) -> None:
        """Load a new version of every deck; returns when every rater that runs prices from it."""
        number = len(self.versions)
        version = world.Version(valid_from_ms, world.draw_prices(self.asked.seed, number))
        for deck, (side, name) in enumerate(world.DECKS):
            path = self.asked.folder / f"{side}-{name}-{number}.csv"
            path.write_text(world.deck_csv(version.prices, deck))
            load_deck(
                *(self.direct, path, name, side, "full", valid_from_ms),
                world.options(deck),
                False,
            )
        self.versions.append(version)
        world.save(self.versions, self.asked.folder / "versions.json")
        wanted = len(world.DECKS) * len(self.versions)
        until = time.monotonic() + TARIFF_S_MAX
        while any(self._decks(i) < wanted for i in range(3) if self.raters[i].is_ready()):
            if time.monotonic() > until:
                raise NotReady("the raters do not take over the decks; see their logs")
            time.sleep(POLL_S)

    def _decks(self, rater: int) -> float:
        return rater_metric(self.rater_settings[rater], "tollwire_deck_versions") or 0

    def sent_so_far(self) -> dict[str, Any]:
        """What the generator says of itself."""
        path = self.asked.folder / "state.json"
        return dict(json.loads(path.read_text())) if path.exists() else {"bursts": 0, "calls": 0}

    def measure_broker(self) -> None:
        """Note the most memory its nodes have held."""
        for node in range(self.asked.nodes):
            name, now_mb = f"broker-{node}", peak_mb(self.broker.pid(node))
            self.broker_memory_mb[name] = max(now_mb, self.broker_memory_mb.get(name, 0.0))

    def mend(self) -> None:
        """Undo whatever faults may have left, and wait until all is ready. Raises NotReady."""
        self.clock.jump("+0")
        self.disk.free()
        self.proxy.set("pass")
        self.measure_broker()
        for process in self.lasting:
            with process.lock:
                if not process.alive():
                    process.start()
        for process in self.lasting:
            until = time.monotonic() + READY_S_MAX
            while not process.is_ready():
                if time.monotonic() > until:
                    raise NotReady(f"{process.name} is not ready; its log is {process.log}")
                time.sleep(POLL_S)

    def end_jumps(self) -> None:
        """The rater with the jumping clock leaves for one without: libfaketime makes it slow."""
        rater = self.raters[1]
        with rater.lock:
            rater.end()
            rater.become([*_SERVE, "rater"], environment(self.rater_settings[1]))
            rater.start()

    def stop(self) -> None:
        """Stop every process that was started here, and unmount the disk."""
        self._watch.over.set()
        running = [process for process in self.processes if process.alive()]
        for process in running:
            process.send(signal.SIGCONT)
            process.send(signal.SIGTERM)
        for process in running:
            process.end()
        self.proxy.stop()
        self.broker.stop()
        self.disk.close()
