"""The topic of bulk re-rating: what becomes of runs."""

from typing import Final

from deploy.contract.message import Field, JsonMessage, instant
from rerate.life import State
from rerate.sending import Event
from rerate.task import Phase
from streams import topics

_AT_MS: Final = 1_795_428_000_000
STATES: Final = ("", *(str(state) for state in State))
PHASES: Final = ("", *(str(phase) for phase in Phase))

RUN: Final = JsonMessage(
    topic=topics.RERATE_EVENTS,
    version=1,
    name="RunEvent",
    sender="platform",
    key="the run's number, as text",
    summary="A run of bulk re-rating is in another state, or a chunk of it is done."
    " A hint: the run's record is the truth.",
    type=Event,
    fields={
        "run": Field("number of the run", low=1),
        "state": Field("of the run; empty where a worker tells of a chunk", values=STATES),
        "at_ms": instant("when"),
        "step": Field("number of the step, higher than all before; 0 = before the first", low=0),
        "phase": Field("what the step does", values=PHASES),
        "chunks": Field("that the step's present round has", low=0),
        "chunks_done": Field("by this event: 1 where a worker tells of a chunk", low=0),
        "calls_done": Field("by this event", low=0),
        "by": Field("who did it, or which worker"),
        "device": Field("what rated the chunk", values=("", "CPU", "CUDA")),
    },
    samples=lambda: [
        Event(12, State.APPLIED, _AT_MS, 31, Phase.APPLY, 9, by="eve").encode()[1],
        Event(12, "", _AT_MS, 31, Phase.APPLY, chunks_done=1, calls_done=500_000).encode()[1],
    ],
)

MESSAGES: Final = (RUN,)
