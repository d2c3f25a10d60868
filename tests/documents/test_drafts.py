"""Drafts and agreements come back as they were kept; two writers do not overwrite each other."""

from pathlib import Path

import pytest

from billing import deck_draft
from billing.deck_agreements import parse_agreements
from billing.deck_draft import Agreement, DraftRefused, Flaws, State
from billing.errors import OptionsRefused
from dashboards.documents.agreements import Agreements, Layout
from dashboards.documents.drafts import Draft, Drafts
from deploy.runtime.documents import DocumentsDown
from tests.billing.deck_diff.worlds import deck

RATES = deck(1, "44,UK,0.5,0,1,1", "33,France,,,,,,,,,yes").rates
LIFE = deck_draft.made("ann", 1, "new prices")


def draft(number: int) -> Draft:
    return Draft(
        *(number, "gold", "sell", "full", 0, "{}", "a.csv", "0" * 64, LIFE, RATES.num_rows),
        problems=("row 3: bad",),
        notes=("a note",),
    )


@pytest.fixture
def url(documents_url: str) -> str:
    """A new database of documents."""
    return documents_url


def test_a_draft_comes_back_with_its_rates(url: str) -> None:
    first = Drafts(url).create(draft, RATES)
    assert Drafts(url).get(first.number) == first == draft(1)
    assert Drafts(url).rates(1).equals(RATES)
    assert Drafts(url).create(draft, RATES).number == 2
    assert [own.number for own in Drafts(url).all()] == [1, 2]
    with pytest.raises(DraftRefused, match="there is no draft 3"):
        Drafts(url).get(3)


def test_the_second_of_two_writers_is_refused(url: str) -> None:
    drafts = Drafts(url)
    before = drafts.create(draft, RATES)
    life = deck_draft.checked(LIFE, "bob", 2, "", 0, Flaws(), None)
    after = drafts.write(before, before._replace(life=life))
    assert drafts.get(1) == after
    assert after.life.state is State.CHECKED
    with pytest.raises(DraftRefused, match="changed by somebody else"):
        drafts.write(before, before._replace(life=life))


def test_agreements_and_their_history(url: str) -> None:
    own = Agreements(url)
    one = Agreement("meridian", "buy", ("meridian", "meridian-b"), 7, True, False)
    own.save([one], "ann", 1)
    own.save([one._replace(notice_days=3)], "bob", 2)
    assert own.of_deck("buy", "meridian-b") == one._replace(notice_days=3)
    assert own.of_deck("sell", "meridian-b") is None
    history = own.history("buy", "meridian")
    assert [(a.notice_days, by, at) for a, by, at in history] == [(7, "ann", 1), (3, "bob", 2)]
    with pytest.raises(DraftRefused, match="under meridian and other"):
        own.save([Agreement("other", "buy", ("meridian",))], "ann", 3)
    assert len(own.all()) == 1


def test_layouts(url: str) -> None:
    own = Agreements(url)
    assert own.layout("buy", "meridian") is None
    for text in ("one", "two"):
        own.save_layout(Layout("meridian", "buy", text, "ann", 1))
    found = own.layout("buy", "meridian")
    assert found is not None
    assert found.text == "two"


def test_a_database_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(DocumentsDown, match="TOLLWIRE_DOCUMENTS"):
        Drafts(f"sqlite:///{tmp_path}/missing/documents.db")


def test_agreements_of_a_file() -> None:
    text = '[buy.meridian]\nnotice_days = 7\nfour_eyes = true\n[sell.acme]\ndecks = ["gold"]\n'
    assert parse_agreements(text, "a.toml") == [
        Agreement("meridian", "buy", ("meridian",), 7, False, True),
        Agreement("acme", "sell", ("gold",)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[both.x]", r"\[both\]: expected tables"),
        ("[buy.x]\nnotice_days = -1", "buy.x.notice_days=-1"),
        ("[buy.x]\nfour_eyes = 1", "true or false"),
        ("[buy.x]\ndecks = [1]", "buy.x.decks"),
        ("[buy.x]\nnotice = 1", "no such key"),
        ('[buy.x]\n[buy.y]\ndecks = ["x"]', "buy deck x is under x and y"),
        ("=", "a.toml: "),
    ],
)
def test_bad_agreements_are_refused(text: str, said: str) -> None:
    with pytest.raises(OptionsRefused, match=said):
        parse_agreements(text, "a.toml")


def test_a_draft_that_is_being_published_is_not_rejected() -> None:
    life = LIFE._replace(steps=(*LIFE.steps, deck_draft.Step("publishing", "bob", 2)))
    with pytest.raises(DraftRefused, match="is being published"):
        deck_draft.rejected(life, "cid", 3, "too dear")
