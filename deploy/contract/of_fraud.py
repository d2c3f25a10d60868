"""The topics of the fraud watch: alerts, and what is done about them."""

from typing import Final

from billing.fraud import fas, irsf, limits, pumping, simbox, spoofing, wangiri
from billing.fraud.answers import Action
from billing.fraud.incidents import CRITICAL, WARNING, Alert, Block
from deploy.contract.message import NANOS, Field, JsonMessage, instant, money
from streams import topics
from streams.fraud_messages import action_message, alert_message

_AT_MS: Final = 1_795_428_000_000
FAMILIES: Final = tuple(
    family.FAMILY for family in (irsf, pumping, wangiri, simbox, fas, spoofing, limits)
)
_ALERT: Final = Alert(
    id="5d2f0c81a47b93e6",
    family=irsf.FAMILY,
    subject_kind="range",
    subject="atlas-voice/5352",
    account="atlas-voice",
    severity=CRITICAL,
    since_ms=_AT_MS - 120_000,
    raised_ms=_AT_MS,
    updated_ms=_AT_MS,
    revision=1,
    money_nanos=48_300_000_000,
    at_risk_nanos_per_h=1_449_000_000_000,
    reasons=("burst", "high_risk_range"),
    evidence={"calls": 31, "minutes": 69},
    calls=(0x9F2C4E11D07A3B58,),
    block=(Block("prefix", "5352"),),
)

ALERT: Final = JsonMessage(
    topic=topics.FRAUD_ALERTS,
    version=1,
    name="FraudAlert",
    sender="platform",
    key="the account; empty where the alert is about a vendor",
    summary="An incident, when it is found and as it grows. Of an id the highest revision counts.",
    type=Alert,
    other_types={"calls": tuple[str, ...], "currency": str},
    fields={
        "id": Field("of the incident, the same in each revision", pattern="^[0-9a-f]{16}$"),
        "family": Field("what kind of fraud", values=FAMILIES),
        "subject_kind": Field("what the subject is", values=("account", "range", "vendor")),
        "subject": Field("whom or what it is about: ACCOUNT, ACCOUNT/PREFIX, VENDOR/DESTINATION"),
        "account": Field("customer it is about; empty where it is about none"),
        "severity": Field("how bad", values=(WARNING, CRITICAL)),
        "since_ms": instant("when it began"),
        "raised_ms": instant("when it was first told"),
        "updated_ms": instant("when this revision was told"),
        "revision": Field("1, then one more each time it is told again", low=1),
        "money_nanos": money("spent in it so far"),
        "at_risk_nanos_per_h": Field("what an hour more would cost", f"{NANOS}, an hour"),
        "reasons": Field("words for what was seen; new words may come at any time"),
        "evidence": Field("figures by name, units last; new names may come at any time"),
        "calls": Field(
            "some of its calls: the first half of cdr_id, in hexadecimal", pattern="^[0-9a-f]{16}$"
        ),
        "block": Field("what could be blocked"),
        "Block.kind": Field("what value names", values=("prefix", "account", "vendor")),
        "Block.value": Field("a dial code or an account"),
        "currency": Field("of the account, ISO 4217; empty where it has none"),
    },
    samples=lambda: [alert_message(_ALERT, "USD")[2] or b""],
)

ACTION: Final = JsonMessage(
    topic=topics.FRAUD_ACTIONS,
    version=1,
    name="FraudAction",
    sender="both",
    key="the account",
    summary="People confirm or undo an alert; the watch says what it did.",
    type=Action,
    fields={
        "kind": Field("of people: confirm, undo; the others are of the watch"),
        "alert": Field("id of the alert"),
        "account": Field("customer it is about"),
        "by": Field("who: a person, or policy"),
        "at_ms": instant("when"),
        "value": Field(
            "of confirm: what to do, empty = the account's policy; of block_destination: the"
            " prefix; of throttle: calls a minute"
        ),
        "until_ms": instant("when it ends by itself"),
        "note": Field("of refused: why; of people: what they wrote"),
    },
    samples=lambda: [
        action_message(
            Action(
                *("block_destination", _ALERT.id, "atlas-voice", "policy", _AT_MS),
                value="5352",
                until_ms=_AT_MS + 3_600_000,
            )
        )[2]
        or b""
    ],
)

MESSAGES: Final = (ALERT, ACTION)
