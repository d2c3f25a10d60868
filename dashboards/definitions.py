"""What each key figure means: one text for the console's tiles, Grafana's panels and the docs.

A definition names no window: the console says it beside the figure, Grafana has its time range.
"""

from typing import Final, Literal

Figure = Literal[
    "cps",
    "in_progress",
    "attempts",
    "asr",
    "ner",
    "acd",
    "pdd",
    "short",
    "sell",
    "buy",
    "margin",
    "margin_percent",
    "unrated",
    "losing",
    "conservation",
]

DEFINITIONS: Final[dict[Figure, str]] = {
    "cps": "Calls received per second",
    "in_progress": "Calls that go on, by the events of switches, as credit control counts them",
    "attempts": "Calls tried, answered or not; a call tried at two vendors is two",
    "asr": "Answered calls / attempts. Shown only if the feed carries unanswered calls too",
    "ner": "(answered + busy + no answer + rejected by the user) / attempts: "
    "calls with talk time or SIP code 200, 480, 486, 600 or 603",
    "acd": "Billed time of answered rated calls / their number",
    "pdd": "Time from dialling to ringing, of the attempts whose record has it: "
    "the median and the 95th percentile, never the mean",
    "short": "Answered calls of less than 6 seconds / answered calls",
    "sell": "What customers pay for rated calls",
    "buy": "What vendors charge for rated calls",
    "margin": "Revenue - cost, within one currency",
    "margin_percent": "(revenue - cost) / revenue; no figure without revenue",
    "unrated": "Suspended calls and dead letters / calls received",
    "losing": "Destinations whose rated calls cost more than they earn, in one currency",
    "conservation": "received = rated + suspended + dead + duplicate, in calls and in seconds",
}
