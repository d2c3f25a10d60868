"""The life of a draft: who may do what, and when."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.deck_draft import (
    Agreement,
    DraftRefused,
    Flaws,
    Life,
    State,
    checked,
    made,
    may_publish,
    published,
    rejected,
)

ANOTHER = Agreement("meridian", "buy", ("m",), publish_by_another=True)
FOUR_EYES = Agreement("meridian", "buy", ("m",), four_eyes=True)
NOTICE = Agreement("meridian", "buy", ("m",), notice_days=7)


def by(maker: str, checker: str, agreement: Agreement | None = None) -> Life:
    return checked(made(maker, 1), checker, 2, "", 5, Flaws(), agreement)


def test_one_person_alone_where_nothing_else_was_agreed() -> None:
    done = published(by("ann", "ann"), "ann", 3, 5, 6, None)
    assert (done.state, done.version) == (State.PUBLISHED, 6)
    assert [(s.what, s.by, s.at_ms) for s in done.steps] == [
        ("made", "ann", 1),
        ("checked", "ann", 2),
        ("published", "ann", 3),
    ]


def test_a_draft_is_not_published_unchecked() -> None:
    with pytest.raises(DraftRefused, match="not been checked"):
        may_publish(made("ann", 1), "bob", 0, None)


def test_another_person_publishes_where_that_was_agreed() -> None:
    life = by("ann", "ann", ANOTHER)
    with pytest.raises(DraftRefused, match=r"ann made this draft: .* another person to publish"):
        may_publish(life, "ann", 5, ANOTHER)
    may_publish(life, "bob", 5, ANOTHER)


def test_another_person_checks_where_that_was_agreed() -> None:
    with pytest.raises(DraftRefused, match=r"ann made this draft: .* another person to check"):
        by("ann", "ann", FOUR_EYES)
    may_publish(by("ann", "bob", FOUR_EYES), "ann", 5, FOUR_EYES)


def test_an_agreement_that_came_after_the_check_counts() -> None:
    with pytest.raises(DraftRefused, match="have another person check it again"):
        may_publish(by("ann", "ann"), "bob", 5, FOUR_EYES)


def test_a_check_holds_for_the_deck_as_it_was() -> None:
    life = by("ann", "bob")
    with pytest.raises(DraftRefused, match="version 6 since this draft was checked against 5"):
        may_publish(life, "ann", 6, None)
    again = checked(life, "bob", 4, "", 6, Flaws(), None)
    may_publish(again, "ann", 6, None)


@pytest.mark.parametrize(
    ("flaws", "said"), [(Flaws(bad_rows=2), "2 rows"), (Flaws(short_notice=3), "the 7 days agreed")]
)
def test_flaws_need_a_reason(flaws: Flaws, said: str) -> None:
    with pytest.raises(DraftRefused, match=said):
        checked(made("ann", 1), "bob", 2, "", 0, flaws, NOTICE)
    done = checked(made("ann", 1), "bob", 2, "the partner confirmed it", 0, flaws, NOTICE)
    assert done.steps[-1].why == "the partner confirmed it"


def test_a_rejection_says_why_and_is_for_good() -> None:
    with pytest.raises(DraftRefused, match="say why"):
        rejected(made("ann", 1), "bob", 2, "")
    done = rejected(made("ann", 1), "bob", 2, "another file is coming")
    for again in (
        lambda: rejected(done, "bob", 3, "x"),
        lambda: checked(done, "bob", 3, "", 0, Flaws(), None),
        lambda: may_publish(done, "bob", 0, None),
    ):
        with pytest.raises(DraftRefused, match="was rejected"):
            again()


def test_somebody_does_it() -> None:
    with pytest.raises(DraftRefused, match="give a name"):
        made(" ", 1)


PEOPLE = ("ann", "bob", "cem")


@given(st.booleans(), st.booleans(), *(st.sampled_from(PEOPLE) for _ in range(3)))
def test_two_people_wherever_the_agreement_wants_two(
    another: bool, eyes: bool, maker: str, checker: str, publisher: str
) -> None:
    agreement = Agreement("m", "buy", ("m",), 0, another, eyes)
    allowed = not (another and maker == publisher) and not (eyes and maker == checker)
    try:
        may_publish(by(maker, checker, agreement), publisher, 5, agreement)
        assert allowed
    except DraftRefused:
        assert not allowed
    assert agreement.wants_two == (another or eyes)


def test_every_end_is_final() -> None:
    ends = (
        published(by("ann", "bob"), "ann", 3, 5, 6, None),
        rejected(made("ann", 1), "bob", 2, "no"),
    )
    for life, newest in product(ends, (5, 6)):
        with pytest.raises(DraftRefused, match="make a new one"):
            may_publish(life, "cem", newest, None)
