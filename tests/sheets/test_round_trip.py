"""Any rates, written out in any of several layouts, are read back as the same rates."""

from datetime import UTC, datetime
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.instants import DAY_MS
from billing.money import format_nanos
from tests.sheets.made import TODAY_MS, lines, sound, terms, text_bytes, xls_bytes, xlsx_bytes


class Made(NamedTuple):
    """A rate before it is written."""

    country: str
    area: str
    name: str
    nanos: int
    first_s: int
    next_s: int
    days: int
    blocked: bool

    def line(self) -> str:
        """As `lines` shows it."""
        price = "0" if self.blocked else format_nanos(self.nanos)
        return (
            f"{self.country}{self.area} {self.name} {price} {self.first_s}/{self.next_s} "
            f"{self.day:%Y-%m-%d}{' blocked' if self.blocked else ''}"
        )

    @property
    def day(self) -> datetime:
        """When it begins."""
        return datetime.fromtimestamp((TODAY_MS + self.days * DAY_MS) // 1_000, UTC)


RATES = st.lists(
    st.builds(
        Made,
        st.sampled_from(["44", "49", "33", "254", "971"]),
        st.from_regex(r"[1-9][0-9]{1,5}", fullmatch=True),
        st.sampled_from(["Land mobile", "Land fixed", "Ünïcode — Ort", "a, b; c"]),
        st.integers(1, 9_999).map(lambda n: n * 100_000),
        st.sampled_from([1, 6, 30, 60]),
        st.sampled_from([1, 6, 60]),
        st.integers(1, 400),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda made: made.country + made.area,
)
HEADER = ["Destination", "Dial code", "Rate", "Effective date", "Billing increment", "Status"]
Rows = list[list[object]]


def german(rates: list[Made]) -> bytes:
    rows: Rows = [["Preisliste"], ["Ziel", "Vorwahl", "Preis", "gültig ab", "Taktung", "Status"]]
    for m in rates:
        price = "gesperrt" if m.blocked else format_nanos(m.nanos).replace(".", ",")
        day = f"{m.day:%d.%m.%Y}"
        rows.append([m.name, f"00{m.country} {m.area}", price, day, f"{m.first_s}/{m.next_s}", ""])
    return text_bytes([*rows, ["", "", "0,0", "", "", ""]][:-1], ";", "utf-16")


def american(rates: list[Made]) -> bytes:
    rows: Rows = [list(HEADER)]
    for m in rates:
        price = f"${format_nanos(m.nanos)}"
        status = "Blocked" if m.blocked else "Increase"
        step = f"{m.first_s}+{m.next_s}"
        rows.append([m.name, f"+{m.country}{m.area}", price, f"{m.day:%b %d, %Y}", step, status])
    return text_bytes(rows)


def split(rates: list[Made]) -> bytes:
    rows: Rows = [
        ["Country code", "Area code", "Name", "New rate", "Valid from", "First interval",
         "Next interval", "Change"],
    ]  # fmt: skip
    for m in rates:
        price = None if m.blocked else m.nanos / 10**9
        day = m.day.replace(tzinfo=None)
        change = "closed" if m.blocked else ""
        rows.append([int(m.country), m.area, m.name, price, day, m.first_s, m.next_s, change])
    return xlsx_bytes(("Cover", [["hello"]]), ("Rates", rows))


def old_workbook(rates: list[Made]) -> bytes:
    rows: Rows = [["letterhead"], [], list(HEADER)]
    for m in rates:
        price: object = "n/a" if m.blocked else m.nanos / 10**9
        code = float(m.country + m.area)
        day = m.day.date()
        rows.append([m.name, code, price, day, f"{m.first_s}/{m.next_s}", "same"])
    return xls_bytes(rows)


WRITERS = (german, american, split, old_workbook)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RATES, st.sampled_from(WRITERS))
def test_written_in_any_layout_and_read_back(rates: list[Made], write: object) -> None:
    assert callable(write)
    found = sound(write(rates), of=terms(), layout=None)
    read = {line.split(" ", 1)[0]: line for line in lines(found)}
    assert read == {m.country + m.area: m.line() for m in rates}
