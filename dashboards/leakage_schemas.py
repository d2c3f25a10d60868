"""What the API says of sold against bought: a day's variance, and what routes earn."""

from dashboards.schemas import Money, Schema


class CauseSum(Schema):
    """Calls of one cause and pair of currencies. Minutes are of talk, down to a tenth."""

    cause: str
    means: str
    calls: int
    minutes: str
    sold: Money
    sell_currency: str
    bought: Money
    buy_currency: str
    margin: Money | None
    """None where there is none in one currency"""
    leak: Money
    """in the currency of both"""


class LeakLine(Schema):
    """Calls of a customer by a vendor to a destination, of one cause."""

    customer: str
    vendor: str
    destination: str
    cause: str
    calls: int
    minutes: str
    sold: Money
    sell_currency: str
    bought: Money
    buy_currency: str
    margin: Money | None
    leak: Money


class Variance(Schema):
    """A day, sold against bought; `more`: not all lines are here."""

    day: str
    from_ms: int
    until_ms: int
    causes: list[CauseSum]
    lines: list[LeakLine]
    more: bool


class RouteView(Schema):
    """What calls of one name earn, in one currency."""

    name: str
    calls: int
    minutes: str
    sold: Money
    bought: Money
    currency: str
    margin: Money
    margin_percent: str | None
    """down to a tenth; None without revenue"""
    now_per_min: Money | None
    """what a billed minute is sold for now, on average, rounded down to the nano"""
    break_even_per_min: Money | None
    """what it would have to be sold for to pay its cost, rounded up to six decimals"""


class Profit(Schema):
    """A window's routes, the least margin first; without calls that have no margin yet."""

    days: int
    from_ms: int
    until_ms: int
    destinations: list[RouteView]
    vendors: list[RouteView]
    customers: list[RouteView]
    by_day: list[RouteView]
    reprice: list[RouteView]
    """destinations that lose money"""
