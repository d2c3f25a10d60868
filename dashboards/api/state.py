"""What an endpoint may reach: the hub with the latest snapshot, and what feeds it."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from dashboards.api.problems import Unavailable
from dashboards.broker import Broker
from dashboards.documents.triages import Triages
from dashboards.hub import Hub
from dashboards.poller import Poller
from dashboards.reader import Reader
from dashboards.schemas import Snapshot
from deploy.runtime.settings import Settings


@dataclass(frozen=True)
class Console:
    """The parts of one console process."""

    hub: Hub
    poller: Poller
    broker: Broker
    reader: Reader
    settings: Settings
    triages: Triages
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    """what must run for as long as the app does"""


def console(request: Request) -> Console:
    """The console of the app that got this request."""
    found = request.app.state.console
    assert isinstance(found, Console)
    return found


def snapshot(request: Request) -> Snapshot:
    """The latest snapshot. Raises Unavailable until there is one."""
    frame = console(request).hub.frame
    if frame is None:
        raise Unavailable("The first figures are being read.")
    return frame.snapshot


Parts = Annotated[Console, Depends(console)]
Latest = Annotated[Snapshot, Depends(snapshot)]
