"""What people do with deck drafts: make, look, approve, publish, reject, restore.

The command line calls this, and the console's API will. Each step is checked by the pure
`billing.deck_draft`, and written to the documents before anything follows from it.
"""

import hashlib
import time
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

from billing import deck_draft
from billing.deck import DeckOptions, DeckVersion, decode_options, encode_options
from billing.deck_country import closing_rows
from billing.deck_diff.combinations import STATE_DIGITS
from billing.deck_diff.lines import Kind
from billing.deck_diff.report import Diff, diff
from billing.deck_draft import Agreement, DraftRefused, Flaws, Step
from billing.deck_state import at, restarted, state_of
from billing.errors import OptionsRefused
from billing.instants import DAY_MS
from billing.sheets.sanity import check_against
from clickhouse.deck_traffic import Grain, month_of
from dashboards.documents.agreements import Agreements, Layout
from dashboards.documents.drafts import NOT_OVER, PROBLEMS_MAX, Draft, Drafts
from deploy.decks.line import line_of, row_of, rows_of, version_of
from deploy.decks.publish import Published, Terms, fits, is_already, publish
from deploy.decks.reading import Sheet
from deploy.decks.rerates import drafted
from deploy.files import read_options
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings

ODD_MAX: Final = 200
"""warnings kept with a draft"""


class Outcome(NamedTuple):
    """What `publish` led to."""

    draft: Draft
    published: Published
    run: int | None
    """a run of bulk re-rating, drafted for the calls that the version came too late for"""


class DeckDesk:
    """Everything that can be done with drafts.

    Raises DraftRefused, OptionsRefused, DiffRefused, DocumentsDown, ClickHouseDown, BrokerDown.
    """

    def __init__(self, settings: Settings, client: Client) -> None:
        url = documents_url(settings)
        self._settings, self.client = settings, client
        self.drafts, self.agreements = Drafts(url), Agreements(url)

    def options_of(
        self, deck: str, side: str, file: Path | None, currency: str | None
    ) -> DeckOptions:
        """A deck's rules: those of a file, else those of its newest version, else the defaults."""
        rows = rows_of(self.client, deck, side)
        if file is None and rows:
            options = decode_options(rows[-1].options)
            return options._replace(currency=currency) if currency else options
        return read_options(file, currency)

    def layout_of(self, deck: str, side: str) -> str:
        """The saved layout of the sheets of a deck's partner, "" without one."""
        found = self.agreements.layout(side, self._partner(deck, side))
        return found.text if found else ""

    def save_layout(self, deck: str, side: str, text: str, by: str) -> None:
        """Keep how the sheets of a deck's partner are read."""
        partner = self._partner(deck, side)
        self.agreements.save_layout(Layout(partner, side, text, by, _now_ms()))

    def _partner(self, deck: str, side: str) -> str:
        """Who an agreement says the deck is of, else the deck's own name."""
        agreement = self.agreements.of_deck(side, deck)
        return agreement.partner if agreement else deck

    def make(self, terms: Terms, sheet: Sheet, by: str, why: str = "") -> Draft:
        """A draft of a file's rates."""
        odd = self._odd(terms, sheet)
        sheet = sheet._replace(notes=(*sheet.notes, *odd))
        terms, rates = self._as_version(terms, sheet)
        return self._made(terms, rates, by, why, sheet)

    def _odd(self, terms: Terms, sheet: Sheet) -> list[str]:
        """What is odd about a sheet beside the deck as it is; the first ODD_MAX."""
        now = None
        if rows := rows_of(self.client, terms.deck, terms.side):
            line = line_of(self.client, rows, terms.valid_from_ms)
            now = at(state_of(line, terms.valid_from_ms), terms.valid_from_ms)
        agreement = self.agreements.of_deck(terms.side, terms.deck)
        days = agreement.notice_days if agreement else 0
        found = check_against(sheet.rates, now, days, _now_ms(), sheet.coverage)
        more = [f"and {len(found) - ODD_MAX:,} more"] if len(found) > ODD_MAX else []
        named = [f"{w.prefix} {w.destination}: {w.text}" if w.prefix else w.text for w in found]
        return [f"odd: {text}" for text in named[:ODD_MAX]] + more

    def diff_of(self, terms: Terms, sheet: Sheet) -> Diff:
        """What a file would change of a deck; nothing is kept."""
        terms, rates = self._as_version(terms, sheet)
        version = DeckVersion(0, *terms[:4], _now_ms(), terms.options, rates)
        fits(self.client, rows_of(self.client, terms.deck, terms.side), version)
        return difference(self.client, version)

    def _as_version(self, terms: Terms, sheet: Sheet) -> tuple[Terms, pa.Table]:
        """A file as a full or partial version: a country's list becomes a partial one."""
        rates = sheet.rates
        if sheet.coverage != "country":
            return terms._replace(coverage=sheet.coverage), rates
        rows = rows_of(self.client, terms.deck, terms.side)
        line = line_of(self.client, rows, terms.valid_from_ms)
        if line:
            now = state_of(line, terms.valid_from_ms).rates
            closing = closing_rows(now, rates, sheet.country_prefixes, terms.valid_from_ms)
            rates = pa.concat_tables([rates, closing])
        return terms._replace(coverage="partial"), rates

    def restore(self, number: int, valid_from_ms: int, by: str, why: str = "") -> Draft:
        """A draft that makes a deck charge from an instant on what it did by a version.

        A full version is restored as it is; a partial one with what it left standing.
        """
        row = row_of(self.client, number)
        options = decode_options(row.options)
        if row.coverage == "full":
            rates = restarted(version_of(self.client, row).rates, valid_from_ms)
        else:
            earlier = [r for r in rows_of(self.client, row.deck, row.side) if r.number <= number]
            state = state_of(line_of(self.client, earlier, valid_from_ms), valid_from_ms)
            if state.mixed:
                raise OptionsRefused(
                    f"version {number} is partial, and what it leaves standing of versions "
                    f"{', '.join(map(str, state.versions))} has other rules: restore a full version"
                )
            rates = state.rates
        digest = hashlib.sha256(f"version {number}".encode()).hexdigest()
        terms = Terms(
            row.deck, row.side, "full", valid_from_ms, options, f"version {number}", digest
        )
        return self._made(terms, rates, by, why)

    def _made(
        self, terms: Terms, rates: pa.Table, by: str, why: str, sheet: Sheet | None = None
    ) -> Draft:
        life = deck_draft.made(by, _now_ms(), why)
        draft = Draft(
            0,
            terms.deck,
            terms.side,
            terms.coverage,
            terms.valid_from_ms,
            encode_options(terms.options),
            terms.source,
            terms.sha256,
            life,
            rates.num_rows,
            layout=sheet.layout if sheet else "",
            problems=sheet.problems[:PROBLEMS_MAX] if sheet else (),
            bad_rows=sheet.bad_rows if sheet else 0,
            notes=sheet.notes if sheet else (),
        )
        if sheet is not None and sheet.coverage == "country":
            draft = draft._replace(made_over=self._newest(draft))
        fits(self.client, rows_of(self.client, terms.deck, terms.side), _version(draft, rates))
        return self.drafts.create(lambda number: draft._replace(number=number), rates)

    def diff(self, number: int) -> Diff:
        """What a draft changes of its deck, weighed by the last month."""
        draft = self.drafts.get(number)
        return difference(self.client, _version(draft, self.drafts.rates(number)))

    def approve(self, number: int, by: str, why: str = "") -> Draft:
        """Check a draft against the deck as it is now."""
        draft = self.drafts.get(number)
        if draft.made_over not in (NOT_OVER, self._newest(draft)):
            raise DraftRefused(
                f"draft {number} closes what its countries had in version {draft.made_over}; the "
                f"deck has version {self._newest(draft)} now: make the draft again"
            )
        agreement = self.agreements.of_deck(draft.side, draft.deck)
        short = short_notice(self.diff(number), agreement, _now_ms())
        life = deck_draft.checked(
            draft.life,
            by,
            _now_ms(),
            why,
            self._newest(draft),
            Flaws(draft.bad_rows, short),
            agreement,
        )
        return self.drafts.write(draft, draft._replace(life=life, short_notice=short))

    def publish(self, number: int, by: str) -> Outcome:
        """Publish a checked draft; called again after a failure it goes on."""
        draft = self.drafts.get(number)
        agreement = self.agreements.of_deck(draft.side, draft.deck)
        options = decode_options(draft.options)
        terms = Terms(
            draft.deck,
            draft.side,
            draft.coverage,
            draft.valid_from_ms,
            options,
            draft.source,
            draft.sha256,
        )
        own = rows_of(self.client, draft.deck, draft.side)
        newest = own[-1].number if own else 0
        began = draft.life.last("publishing")
        if began is not None and own and newest > draft.life.newest and is_already(own[-1], terms):
            newest = draft.life.newest  # it is this draft that was published before the failure
        deck_draft.may_publish(draft.life, by, newest, agreement)
        steps = (*draft.life.steps, Step("publishing", by, _now_ms()))
        draft = self.drafts.write(draft, draft._replace(life=draft.life._replace(steps=steps)))
        done = publish(self._settings, self.client, terms, self.drafts.rates(number))
        life = deck_draft.published(
            draft.life, by, _now_ms(), newest, done.version.number, agreement
        )
        # The run first: cut short here, publishing goes on and drafts it again rather than never.
        run = drafted(self._settings, self.client, done, by)
        return Outcome(self.drafts.write(draft, draft._replace(life=life)), done, run)

    def reject(self, number: int, by: str, why: str) -> Draft:
        """Reject a draft for good."""
        draft = self.drafts.get(number)
        life = deck_draft.rejected(draft.life, by, _now_ms(), why)
        return self.drafts.write(draft, draft._replace(life=life))

    def _newest(self, draft: Draft) -> int:
        rows = rows_of(self.client, draft.deck, draft.side)
        return rows[-1].number if rows else 0


def difference(client: Client, new: DeckVersion) -> Diff:
    """What a version would change of its deck, weighed by the calls of the last month."""
    line = line_of(client, rows_of(client, new.deck, new.side), new.valid_from_ms)
    used = month_of(client, new.deck, new.side, _now_ms(), _grain([*line, new]))
    return diff(line, new, used.traffic)


def short_notice(found: Diff, agreement: Agreement | None, now_ms: int) -> int:
    """How many increases begin sooner than agreed."""
    if agreement is None or not agreement.notice_days:
        return 0
    lines = found.lines
    increased = pc.equal(lines.column("kind"), str(Kind.INCREASED))
    soon = pc.less(lines.column("effective_ms"), now_ms + agreement.notice_days * DAY_MS)
    return int(pc.sum(pc.and_(increased, soon)).as_py() or 0)


def _grain(versions: list[DeckVersion]) -> Grain:
    longest = [pc.max(pc.utf8_length(v.rates.column("prefix"))).as_py() or 1 for v in versions]
    origins = [len(p) for v in versions for p, _ in v.options.origin_classes]
    if any(v.options.jurisdiction for v in versions):
        longest, origins = [*longest, STATE_DIGITS], [*origins, STATE_DIGITS]
    timed = any(v.options.time_classes for v in versions)
    return Grain(max(longest), max(origins, default=0), timed)


def _version(draft: Draft, rates: pa.Table) -> DeckVersion:
    """A draft as the version it would be."""
    options = decode_options(draft.options)
    terms = (draft.deck, draft.side, draft.coverage, draft.valid_from_ms)
    return DeckVersion(0, *terms, _now_ms(), options, rates)


def _now_ms() -> int:
    return int(time.time() * 1_000)
