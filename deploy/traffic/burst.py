"""A hacked PBX in the demo: a burst of calls to one costly range, as its switch tells of them.

Pure; time is an argument. What is told of each call: start, answer, stop, and its record.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from deploy.traffic.parties import CUSTOMERS, SWITCHES, VENDORS

CALLS: Final = 1_000
CALLS_PER_S: Final = 10
RING_MS: Final = 4_000
TALK_MS: Final = (120_000, 240_000)
PREFIX: Final = "25261"
FRAUD_RULES: Final = """\
# Rules of the demo: its accounts have no history, and call costly places from their first minute.
[irsf]
money_10m = "100"
money_1h = "400"
money_24h = "8000"
money_7d = "50000"
[action]
disconnect = true
"""


@dataclass
class _Call:
    number: int
    start_ms: int
    answer_ms: int
    end_ms: int
    told: int = 0


class Burst:
    """The calls of one attack; `run` begins their ids."""

    def __init__(self, rng: np.random.Generator, begin_ms: int, run: str) -> None:
        self.customer = CUSTOMERS[int(rng.integers(len(CUSTOMERS)))].account
        self._run, self._calls = run, dict[str, _Call]()
        talk_ms = rng.integers(*TALK_MS, size=CALLS)
        for number in range(CALLS):
            start_ms = begin_ms + number * 1_000 // CALLS_PER_S
            answer_ms = start_ms + RING_MS
            end_ms = answer_ms + int(talk_ms[number])
            self._calls[f"{run}-{number}"] = _Call(number, start_ms, answer_ms, end_ms)

    @property
    def over(self) -> bool:
        """Whether all has been told."""
        return not self._calls

    def due(self, now_ms: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """(events, records of calls that are over) up to now, each once."""
        events, records = list[dict[str, Any]](), list[dict[str, Any]]()
        for call_id, call in list(self._calls.items()):
            steps = (
                ("start", call.start_ms),
                *([("answer", call.answer_ms)] if call.answer_ms < call.end_ms else []),
                ("stop", call.end_ms),
            )
            known = {"switch": SWITCHES[0], "call_id": call_id, **self._about(call)}
            talk_ms = max(0, call.end_ms - call.answer_ms)
            for kind, at_ms in steps[call.told :]:
                if at_ms > now_ms:
                    break
                call.told += 1
                ended = {"duration_ms": talk_ms} if kind == "stop" else {}
                events.append({**known, "event": kind, "at": at_ms, **ended})
            if call.told == len(steps):
                at_ms = call.answer_ms if talk_ms else call.start_ms
                sip = {"sip_code": 200 if talk_ms else 487}
                records.append({**known, "answered_at": at_ms, "duration_ms": talk_ms, **sip})
                del self._calls[call_id]
        return events, records

    def end(self, call_id: str, now_ms: int) -> None:
        """The switch ends a call, as it was told to."""
        call = self._calls.get(call_id)
        if call is not None and call.told:
            call.end_ms = max(call.start_ms, min(call.end_ms, now_ms))

    def _about(self, call: _Call) -> dict[str, str]:
        return {
            "customer": self.customer,
            "vendor": VENDORS[call.number % len(VENDORS)].account,
            "calling": f"4930{2_000_000 + call.number % 7}",
            "called": f"{PREFIX}{5_000_000 + call.number}",
        }
