"""Why a call ended, as a SIP response: what RFC 3398 makes of a Q.850 cause, in bulk.

An answered call has 200, whatever ended it. An attempt that ends with normal clearing was given up
by the caller: 487.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import SIP_CODE_MAX
from billing.mediation.switches.columns import Flags, flags
from kernels.layout import I64

ANSWERED: Final = 200
SIP_OF_CAUSE: Final = {
    1: 404,
    2: 404,
    3: 404,
    16: 487,
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 403,
    22: 410,
    23: 410,
    26: 404,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    34: 503,
    38: 503,
    41: 503,
    42: 503,
    44: 503,
    47: 503,
    55: 403,
    57: 403,
    58: 503,
    65: 488,
    70: 488,
    79: 501,
    87: 403,
    88: 503,
    102: 504,
    111: 500,
    127: 500,
}
OTHER_CAUSE: Final = 500
CAUSE_OF_NAME: Final = {
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_TRANSIT_NET": 2,
    "NO_ROUTE_DESTINATION": 3,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22,
    "REDIRECTION_TO_NEW_DESTINATION": 23,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "FACILITY_REJECTED": 29,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "REQUESTED_CHAN_UNAVAIL": 44,
    "OUTGOING_CALL_BARRED": 21,
    "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58,
    "INCOMPATIBLE_DESTINATION": 88,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "INTERWORKING": 127,
    "ORIGINATOR_CANCEL": 16,
    "LOSE_RACE": 16,
    "PICKED_OFF": 16,
}
"""FreeSWITCH's names of causes"""
_TABLE: Final = np.full(128, OTHER_CAUSE, np.int64)
_TABLE[0] = 0
_TABLE[list(SIP_OF_CAUSE)] = list(SIP_OF_CAUSE.values())


def of_causes(causes: I64) -> I64:
    """SIP responses of Q.850 causes; 0 for 0, OTHER_CAUSE for what is no cause."""
    inside = (causes >= 0) & (causes < len(_TABLE))
    return np.where(inside, _TABLE[np.where(inside, causes, 0)], OTHER_CAUSE)


def of_names(names: pa.Array, causes: dict[str, int]) -> I64:
    """Numbers of names; 0 for others."""
    at = pc.index_in(names, value_set=pa.array(list(causes), pa.string()))
    numbers = np.array([*causes.values(), 0], np.int64)
    return numbers[pc.fill_null(at, len(causes)).to_numpy()]  # type: ignore[no-any-return]


def digits_of(texts: pa.Array) -> I64:
    """The three digits a text ends with ("sip:486", "486"), 0 for others; nothing is refused."""
    fits = pc.match_substring_regex(texts, r"^(?:.*\D)?[1-6][0-9]{2}$")
    if not flags(fits).any():
        return np.zeros(len(texts), np.int64)
    ends = pc.utf8_slice_codeunits(texts, -3)
    return pc.cast(pc.if_else(fits, ends, "0"), pa.int64()).to_numpy()  # type: ignore[no-any-return]


def numbers_of(texts: pa.Array) -> I64:
    """Whole numbers of at most three digits, 0 for other texts; nothing is refused."""
    fits = pc.match_substring_regex(texts, r"^[0-9]{1,3}$")
    return pc.cast(pc.if_else(fits, texts, "0"), pa.int64()).to_numpy()  # type: ignore[no-any-return]


def responses(answered: Flags, *ways: I64) -> I64:
    """200 where answered, else the first response of several ways that is one; 0 for none."""
    code = np.where(answered, ANSWERED, 0)
    for way in ways:
        code = np.where((code == 0) & (way > 0) & (way <= SIP_CODE_MAX), way, code)
    return code
