"""Examples for the OpenAPI document: of the names in addresses, and of what is sent.

A test holds each against its own schema, and finds a body without one.
"""

from typing import Any, Final

ADDRESS: Final[dict[str, Any]] = {
    "call": "c206a3150055463fbe4d6db4ab40fc93",
    "alert": "00000000000000aa",
    "deck": "gold",
    "account": "acme",
    "name": "ann",
    "number": 1,
    "if-match": '"1-critical"',
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "Answer": {"kind": "confirm", "value": "block_destination", "note": "a hacked PBX"},
    "TermsSent": {
        "name": "Acme Telecom",
        "deck": "gold",
        "currency": "EUR",
        "limit": {
            "limit": "25000.00",
            "max_calls": 500,
            "max_calls_per_s": 50,
            "trunks": {"acme-fra": {"max_calls": 200, "max_calls_per_s": 20}},
        },
        "why": "the contract of December",
    },
    "OrderSent": {
        "kind": "payment",
        "amount": "1500.00",
        "currency": "EUR",
        "note": "statement 2026-11",
        "id": "bank-77013",
    },
    "TriageStep": {"step": "ack", "reason": ""},
    "Reason": {"why": "the new prices of December"},
    "Refusal": {"why": "another file comes"},
    "ScopeSent": {
        "from": "2026-11-01T00:00:00Z",
        "to": "2026-12-01T00:00:00Z",
        "side": "sell",
        "status": "any",
        "customers": ["acme"],
        "codes": ["4930"],
        "instead": [{"side": "sell", "deck": "gold", "by": "gold-december"}],
        "note": "the dispute of November",
    },
    "RunReason": {"why": "as agreed with acme"},
    "Submission": {"why": "the new price", "allow_suspending": False},
    "Approval": {"delta": "sell -1.5 USD", "why": "as agreed with acme"},
    "Entry": {"name": "ann", "password": "correct horse battery"},
    "NewPassword": {"present": "correct horse battery", "new": "another long sentence"},
    "KeyAsked": {"label": "billing export", "roles": ["noc.viewer"], "days": 90},
    "UserAsked": {"name": "ann", "roles": ["finance.analyst"], "reason": "joined in December"},
    "UserChange": {"roles": ["finance.approver"], "reason": "approves from now on"},
    "PasswordReset": {"reason": "forgotten"},
}
