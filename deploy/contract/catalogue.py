"""Every topic: the public ones with their messages, the others with why they are none."""

from collections.abc import Mapping
from typing import Final

from deploy.contract import of_calls, of_credit, of_fraud, of_runs
from deploy.contract.message import Message
from streams import topics

PUBLIC: Final[tuple[Message, ...]] = (
    *of_calls.MESSAGES,
    *of_credit.MESSAGES,
    *of_fraud.MESSAGES,
    *of_runs.MESSAGES,
)

ELSEWHERE: Final[Mapping[str, str]] = {
    topics.RAW: "what senders of call records write: formats and limits are in docs/input.md",
}
"""Open to others, and described in words: three formats, no one type."""

INTERNAL: Final[Mapping[str, str]] = {
    topics.DECK_VERSION: "hand-over of decks to the workers; publish by `tollwire deck`",
    topics.ACCOUNT: "hand-over of accounts to the workers; load by `tollwire accounts`",
    topics.FX: "hand-over of exchange rates to the workers; load by `tollwire fx`",
    topics.CREDIT_LIMIT: "hand-over of limits to the workers; load by `tollwire credit`",
    topics.COLLECT_FILES: "the collectors' account; read `tollwire collect files`",
    topics.COLLECT_MESSAGES: "the collectors' account; read `tollwire collect files`",
    topics.RERATE_TASKS: "chunks for the re-rating workers",
    topics.CONTROLS_OWNER: "which worker of the controls has which partition",
    topics.FRAUD_STATE: "what a fraud watch knows of a partition",
    topics.BALANCE_CHANGELOG: "table of the controls",
    topics.CREDIT_CHANGELOG: "table of the controls",
}
"""They change without notice."""
