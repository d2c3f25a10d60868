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
    """in the sold currency; None where the cost or an exchange rate is not known"""
    rate: str | None
    """for one of the bought currency so many of the sold one, at the day's start; the cost is
    converted by it and rounded up to the nano. None: one currency, or no rate is known."""
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


class DayMoney(Schema):
    """A day of calls sold and bought in one pair of currencies; leak: of all causes."""

    day: str
    calls: int
    sold: Money
    sell_currency: str
    bought: Money
    buy_currency: str
    margin: Money | None
    leak: Money
    waiting: int
    """calls of it without a price or without a buy leg"""


class DaySums(Schema):
    """Days of the calls' own time, the newest first."""

    days: list[DayMoney]


class Variance(Schema):
    """A day, sold against bought.

    lines: of each sold currency the 200 that leak most; more: there are others, the CSV has all.
    """

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
    margin_before: Money | None
    """of as many days before; None: not asked for, or no call then"""
    margin_percent: str | None
    """down to a tenth; None without revenue"""
    now_per_min: Money | None
    """what a billed minute is sold for now, on average, rounded down to the nano"""
    break_even_per_min: Money | None
    """what it would have to be sold for to pay its cost, rounded up to six decimals: an average of
    these calls, connection fees and increments of the buy side in it"""


class Ranking(Schema):
    """Both ends of an order, at most 100 each; count: of all."""

    count: int
    least: list[RouteView]
    """the least first"""
    most: list[RouteView]
    """the most first"""


class Profit(Schema):
    """What a window's calls earn that are sold and bought in one currency.

    currencies: in which there are such calls. The sums behind an order are those of all calls.
    """

    days: int
    from_ms: int
    until_ms: int
    currency: str
    currencies: list[str]
    destinations: Ranking
    vendors: Ranking
    customers: Ranking
    by_day: list[RouteView]
    losing: int
    """how many destinations lose money"""
    reprice: list[RouteView]
    """destinations that lose money, the most first, at most 500"""
