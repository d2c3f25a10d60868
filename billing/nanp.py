"""The states of the North American numbering plan by area code, as this machine's library has them.

Asked when a deck's options are read, and kept with the deck's version: a later library changes no
price. A state is the postal word of one of the United States or a province of Canada; any other
country of the plan is one state: X and its two letters, such as XJM.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_POSTAL: Final = """
Alabama AL, Alaska AK, Arizona AZ, Arkansas AR, California CA, Colorado CO, Connecticut CT,
Delaware DE, Florida FL, Georgia GA, Hawaii HI, Idaho ID, Illinois IL, Indiana IN, Iowa IA,
Kansas KS, Kentucky KY, Louisiana LA, Maine ME, Maryland MD, Massachusetts MA, Michigan MI,
Minnesota MN, Mississippi MS, Missouri MO, Montana MT, Nebraska NE, Nevada NV, New Hampshire NH,
New Jersey NJ, New Mexico NM, New York NY, North Carolina NC, North Dakota ND, Ohio OH, Oklahoma OK,
Oregon OR, Pennsylvania PA, Rhode Island RI, South Carolina SC, South Dakota SD, Tennessee TN,
Texas TX, Utah UT, Vermont VT, Virginia VA, Washington State WA, West Virginia WV, Wisconsin WI,
Wyoming WY, Washington D.C. DC, Alberta AB, British Columbia BC, British Colombia BC, Manitoba MB,
New Brunswick NB, Newfoundland and Labrador NL, Nova Scotia/Prince Edward Island NS, Ontario ON,
Quebec QC, Saskatchewan SK, Northwest Territories/Nunavut/Yukon NT
"""
"""as the library names them; where several provinces share their area codes, the first of them"""
_STATE: Final = {
    " ".join(words[:-1]): words[-1] for words in (p.split() for p in _POSTAL.split(","))
}


@lru_cache(1)
def states() -> tuple[tuple[str, str], ...]:
    """(1 and area code, state) of every area code that belongs to one; toll-free ones do not."""
    # Hundreds of thousands of names that only this needs.
    import phonenumbers  # noqa: PLC0415
    from phonenumbers import PhoneNumberType as Kind  # noqa: PLC0415
    from phonenumbers.geodata import GEOCODE_DATA  # noqa: PLC0415

    nowhere = (
        *(Kind.TOLL_FREE, Kind.PREMIUM_RATE, Kind.SHARED_COST),
        *(Kind.PERSONAL_NUMBER, Kind.VOIP, Kind.UAN),
    )

    named = [(p, n["en"]) for p, n in GEOCODE_DATA.items() if p[0] == "1" and "en" in n]
    longer, whole = ([p for p in named if (len(p[0]) > 4) == more] for more in (True, False))
    state_of = _named(longer) | _named(whole)
    found = []
    for npa in range(200, 1_000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=npa * 10**7 + 2_345_678)
        region = phonenumbers.region_code_for_number(number)
        if region is None or phonenumbers.number_type(number) in nowhere:
            continue
        own = f"X{region}" if region not in ("US", "CA") else state_of.get(f"1{npa}", "")
        if own:
            found.append((f"1{npa}", own))
    return tuple(found)


def _named(places: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The state of each area code by the names of its places; "" where they are in several."""
    found: dict[str, str] = {}
    for prefix, name in places:
        own = name.rpartition(", ")[2] if ", " in name else _STATE.get(name, "")
        if own and found.setdefault(prefix[:4], own) != own:
            found[prefix[:4]] = ""
    return found
