"""A version that came too late: a run of bulk re-rating drafted for the calls it is about.

The run is in its first state. Nothing is computed or changed before people preview, submit and
approve it (docs/rerate.md).
"""

from clickhouse_connect.driver.client import Client

from billing.instants import format_instant_ms
from deploy.decks.publish import Published
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from rerate.desk import Desk
from rerate.life import Refused
from rerate.records import Records
from rerate.scope import parse
from rerate.sending import Sender
from rerate.steps import Steps


def drafted(settings: Settings, client: Client, done: Published, by: str) -> int | None:
    """The number of a run over every call that a version came too late for; None without any."""
    calls = sum(own.calls + own.without_price for own in done.touched)
    if not calls:
        return None
    version = done.version
    first_ms = max(version.valid_from_ms, min(own.first_ms for own in done.touched))
    scope = parse(
        {
            "from": format_instant_ms(first_ms),
            "to": format_instant_ms(done.now_ms),
            "side": version.side,
            "decks": [version.deck],
        }
    )
    records = Records(documents_url(settings))
    desk = Desk(Steps(client, records, Sender(settings), settings.rerate_chunk_calls))
    note = f"{version.side} deck {version.deck}, version {version.number}, came after its date"
    try:
        return desk.make(scope, by, note=note).number
    except Refused:
        return None
