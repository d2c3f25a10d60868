"""Messages to calls: each format is a pure module, `mediate` puts a batch of messages together."""

from billing.mediation.mediate import (
    CONTENT_TYPES,
    DEAD,
    Mediated,
    Message,
    in_order,
    mediate,
    raw_records,
)

__all__ = ["CONTENT_TYPES", "DEAD", "Mediated", "Message", "in_order", "mediate", "raw_records"]
