"""`python -m tests.chaos`: break everything while calls come in, then account for every one.

Starts what it needs, ends by itself, stops only what it started. Exit status 1 if anything is off;
the folder with logs and the account is then kept, and named.
"""

import argparse
import json
import logging
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from streams import topics
from streams.rater import GROUP
from tests.chaos import account, canary, pauses, readback, report
from tests.chaos.audit import Findings, check
from tests.chaos.balances import check_balances
from tests.chaos.books import books
from tests.chaos.campaign import Campaign
from tests.chaos.drain import drained
from tests.chaos.faults import KINDS
from tests.chaos.plant import Plant
from tests.chaos.surroundings import Asked
from tests.kafka.fetch import jars, missing

BROKER_FAULTS: Final = ("kill -9 broker",)
DRAIN_S_MAX: Final = 900.0
CANARY_S_MAX: Final = 60.0
QUIET_S: Final = 5.0
"""Of calls before the first fault."""


def say(text: str) -> None:
    """A line for whoever watches."""
    print(text, flush=True)


def kinds_here(plant: Plant, only: str) -> list[str]:
    """The kinds of faults that can be inflicted here; says why of those that cannot."""
    why_not: dict[str, str] = {}
    if not plant.broker.durable:
        why = "the embedded broker keeps its log in memory"
        why_not |= dict.fromkeys(BROKER_FAULTS, why)
    if plant.disk.why_not:
        why_not["disk full"] = plant.disk.why_not
    if plant.clock.why_not:
        why_not["clock jumps"] = plant.clock.why_not
    for kind, why in why_not.items():
        say(f"left out: {kind}: {why}")
    wanted = [kind for kind in KINDS if not only or any(o in kind for o in only.split(","))]
    return [kind for kind in wanted if kind not in why_not]


def inflict(plant: Plant, asked: argparse.Namespace) -> Campaign:
    """Everything up to the moment when all that was sent has gone all the way."""
    plant.start()
    say(f"ready: {plant.broker.name} at {plant.broker.address}; logs in {plant.asked.folder}")
    campaign = Campaign(plant, asked.seed, say)
    plant.generator.start()
    time.sleep(QUIET_S)
    until_s = time.monotonic() + 60 * asked.minutes_max
    campaign.run(asked.faults, kinds_here(plant, asked.only), until_s)
    say("no more faults: mending, delivering, draining")
    campaign.finish()
    for group, names in ((GROUP, topics.STREAMS), (topics.CONTROLS, (topics.RATED,))):
        if left := drained(plant.direct, group, names, DRAIN_S_MAX):
            line = f"{group}: {left} messages are not done after {DRAIN_S_MAX:.0f} s"
            campaign.trouble.append(line)
    if drained(plant.direct, canary.GROUP, (topics.RATED,), CANARY_S_MAX):
        say("the canary does not come to an end; it is judged as it is")
    return campaign


def judge(plant: Plant, campaign: Campaign) -> report.Result:
    """The final account."""
    sent = account.read(plant.asked.folder)
    raw = readback.read_raw(plant.direct, sent)
    rated = readback.read_rated(plant.direct)
    findings = Findings()
    if raw.foreign:
        findings.note(f"{raw.foreign} messages in cdr.raw that nobody sent", raw.foreign)
    else:
        fate = account.fates(sent.records, raw.log)
        kept = books(fate, plant.versions, plant.asked.run)
        messages = np.bincount(raw.log.partition, minlength=plant.direct.partitions)
        findings = check(plant.direct, plant.log, fate, kept, rated, messages)
        check_balances(plant.direct, kept, findings)
    if raw.forgotten:
        line = f"the broker has forgotten {len(raw.forgotten)} messages it acknowledged"
        findings.note(f"{line}: {raw.forgotten[:10]}", len(raw.forgotten))
    counted = readback.canary_counts(plant.direct, canary.CHANGELOG)
    error = sum(abs(counted.get(p, 0) - rows) for p, rows in rated.rows_of.items())
    figures = {
        "messages sent": len(sent.places),
        "messages that had to be sent again": sent.resent,
        "copies of messages in the log": raw.copies,
        "rows of cdr.rated": sum(rated.rows_of.values()),
        "of those rated again": sum(rated.rows_of.values()) - len(np.unique(rated.id_words[:, 0])),
        "canary was killed": plant.canary_kills,
        "restarts that met the dead worker in the group": plant.ghosts,
    }
    starts = [version.valid_from_ms for version in plant.versions]
    under = np.searchsorted(starts, sent.records["answered_ms"], side="right")
    for number in range(1, len(starts) + 1):
        figures[f"records under version {number} of the decks"] = int((under == number).sum())
    worst = pauses.worst_by_kind(campaign.done, pauses.gaps(plant.direct))
    state = plant.sent_so_far()
    return report.Result(campaign, findings, worst, state, _name(plant), error, figures)


def _name(plant: Plant) -> str:
    """The broker and its version."""
    if not plant.broker.durable:
        return "embedded (Tansu)"
    return "Apache Kafka " + next(jars().glob("kafka_2*.jar")).stem.rsplit("-", 1)[-1]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls-per-s", type=float, default=5_000)
    parser.add_argument("--broker", choices=("kafka", "embedded"), default="kafka")
    parser.add_argument("--nodes", type=int, choices=(1, 2, 3), default=1)
    parser.add_argument("--minutes-max", type=float, default=40)
    parser.add_argument("--only", default="", help="parts of names of faults, with commas")
    parser.add_argument("--folder", type=Path, help="where logs and data go; kept")
    asked = parser.parse_args()
    if asked.broker == "kafka" and missing():
        sys.exit(missing())
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit("stopped before its end"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a dead broker is no news here
    plant = Plant(Asked(folder, asked.seed, asked.calls_per_s, asked.broker, asked.nodes))
    try:
        result = judge(plant, inflict(plant, asked))
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        plant.stop()
    report.show(result)
    wrong = result.wrong()
    for line in wrong:
        say(line)
    if wrong:
        say(f"logs and the account: {folder}")
    elif not asked.folder:
        shutil.rmtree(folder)
    say(json.dumps(result.summary()))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
