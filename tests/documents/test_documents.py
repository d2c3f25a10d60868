"""Many who change documents at once wait for one another; none is refused, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select

from dashboards.identity import audit
from dashboards.identity.audit import Audit, Event
from deploy.runtime.documents import changing, opened, reading
from rerate.records import TABLES

AT_ONCE, EACH = 6, 15
STEPS = TABLES.tables["rerate_step"]


@pytest.fixture
def url(documents_url: str) -> str:
    """A new database of documents."""
    return documents_url


def test_a_number_that_is_read_and_written_is_given_once(url: str) -> None:
    def work(_: int) -> None:
        engine = opened(url)
        for _ in range(EACH):
            with changing(engine) as connection:
                last = connection.execute(select(func.max(STEPS.c.number))).scalar() or 0
                connection.execute(insert(STEPS).values(number=last + 1))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))
    with reading(opened(url)) as connection:
        found = connection.execute(select(func.count(), func.max(STEPS.c.number))).one()
    assert found == (AT_ONCE * EACH, AT_ONCE * EACH)


def test_the_audit_log_of_many_is_one_chain(url: str) -> None:
    def work(who: int) -> None:
        log = Audit(opened(url))
        for number in range(EACH):
            log.tell(Event(number, f"person {who}", "test", "thing"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))
    found = Audit(opened(url)).check()
    assert (found.rows, found.fault) == (AT_ONCE * EACH, "")
    assert found.head != audit.START


def test_a_reader_waits_for_no_writer(url: str) -> None:
    engine = opened(url)
    with changing(engine) as writer:
        writer.execute(insert(STEPS).values(number=1))
        with reading(opened(url)) as connection:
            assert connection.execute(select(func.count()).select_from(STEPS)).scalar() == 0
