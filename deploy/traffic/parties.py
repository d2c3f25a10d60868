"""Who trades in the demo: invented customers, vendors and switches, and the accounts file.

The calls and the decks both take their accounts from here, so they cannot disagree.
"""

from dataclasses import dataclass

CURRENCY = "USD"
SWITCHES = ("sbc-ams-1", "sbc-nyc-1", "sbc-sin-1")
UNKNOWN_CUSTOMER = "unlisted-carrier"  # sends calls, but no accounts file names it


@dataclass(frozen=True, slots=True)
class Customer:
    """One who pays us. `share` is its part of all calls, `routes` the regions it calls most."""

    account: str
    name: str
    sell_deck: str
    home: str
    utc_offset_h: int
    share: float
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One whom we pay. `level` is its price relative to the market; its deck has its name."""

    account: str
    name: str
    level: float


CUSTOMERS = (
    Customer("atlas-voice", "Atlas Voice", "gold", "US", -5, 0.28, ("MX", "IN", "PH", "DO", "GT")),
    Customer(
        "harbourtone", "Harbourtone Telecom", "gold", "GB", 0, 0.22, ("IN", "PK", "NG", "BD", "PL")
    ),
    Customer("kestrel-line", "Kestrel Line", "silver", "DE", 1, 0.18, ("TR", "PL", "UA", "RO")),
    Customer("tamarind-talk", "Tamarind Talk", "silver", "AE", 4, 0.14, ("IN", "PK", "PH", "EG")),
    Customer(
        "lantern-cards", "Lantern Calling Cards", "retail", "ES", 1, 0.10, ("MA", "EC", "CO", "SN")
    ),
    Customer("quillon-mobile", "Quillon Mobile", "retail", "SG", 8, 0.08, ("ID", "MY", "CN", "VN")),
)
VENDORS = (
    Vendor("meridian", "Meridian Carrier Exchange", 0.97),
    Vendor("northlight", "Northlight Transit", 1.00),
    Vendor("pelagos", "Pelagos Wholesale", 1.02),
    Vendor("sundial", "Sundial Networks", 1.05),
)


def accounts_toml() -> str:
    """The accounts file as TOML text: a table per customer and vendor, with deck and currency."""
    tables = [
        f'[customers.{c.account}]\nname = "{c.name}"\nsell_deck = "{c.sell_deck}"\n'
        f'currency = "{CURRENCY}"\n'
        for c in CUSTOMERS
    ]
    tables += [
        f'[vendors.{v.account}]\nname = "{v.name}"\nbuy_deck = "{v.account}"\n'
        f'currency = "{CURRENCY}"\n'
        for v in VENDORS
    ]
    return "\n".join(tables)
