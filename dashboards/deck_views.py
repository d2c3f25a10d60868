"""Decks as the API and the pages show them. Pure: versions, drafts and differences in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from billing.deck import decode_options
from billing.deck_diff.report import Diff, Sum
from billing.money import format_nanos
from clickhouse.deck_touched import Touched
from clickhouse.reference import VersionRow
from dashboards.deck_schemas import (
    ChangeView,
    DeckView,
    DiffView,
    DraftView,
    Side,
    StepView,
    SumView,
    VersionView,
    WholeDraft,
)
from dashboards.documents.drafts import Draft

DESTINATIONS_MAX: Final = 50
CHANGES_MAX: Final = 100
ODD: Final = "odd: "
MINUTE_MS: Final = 60_000


def version_view(row: VersionRow, standing: Mapping[int, str]) -> VersionView:
    """A version; standing: by number."""
    own: dict[str, Any] = {k: getattr(row, k) for k in VersionView.model_fields if hasattr(row, k)}
    own |= {"standing": standing[row.number], "valid_from_ms": _instant(row.valid_from_ms)}
    return VersionView(**own)


def deck_views(rows: Sequence[VersionRow], standing: Mapping[int, str]) -> list[DeckView]:
    """Every deck with its newest version; rows: all versions, in order."""
    own: dict[tuple[str, str], list[VersionRow]] = {}
    for row in rows:
        own.setdefault((row.side, row.deck), []).append(row)
    views = []
    for (_, deck), found in sorted(own.items()):
        newest = version_view(found[-1], standing)
        views.append(DeckView(deck=deck, side=newest.side, versions=len(found), newest=newest))
    return views


def draft_view(draft: Draft) -> DraftView:
    """A draft without its rates."""
    life = draft.life
    own: dict[str, Any] = {k: getattr(draft, k) for k in _KEPT}
    return DraftView(
        **own,
        currency=decode_options(draft.options).currency,
        valid_from_ms=_instant(draft.valid_from_ms),
        state=life.state.value,
        version=life.version or None,
        made_by=life.maker,
        steps=[StepView(**step._asdict()) for step in life.steps],
    )


_KEPT: Final = (
    *("number", "deck", "side", "coverage", "rates", "bad_rows", "short_notice", "source"),
)


def whole_view(draft: Draft) -> WholeDraft:
    """A draft with how its file was read."""
    odd = [note.removeprefix(ODD) for note in draft.notes if note.startswith(ODD)]
    notes = [note for note in draft.notes if not note.startswith(ODD)]
    return WholeDraft(
        draft=draft_view(draft),
        problems=list(draft.problems),
        notes=notes,
        odd=odd,
        layout=draft.layout,
    )


def diff_view(diff: Diff) -> DiffView:
    """What a draft changes."""
    places = diff.changing
    kinds = [(str(kind), own) for kind, own in diff.kinds.items() if own.codes]
    return DiffView(
        deck=diff.deck,
        side=cast(Side, diff.side),
        currency=diff.currency,
        valid_from_ms=_instant(diff.valid_from_ms),
        rules=list(diff.terms),
        kinds=[_sum(*each) for each in kinds],
        whole=_sum("all", diff.whole),
        destinations=[_sum(*each) for each in places[:DESTINATIONS_MAX]],
        destinations_count=len(places),
        changes=[_change(row) for row in diff.dearest(CHANGES_MAX)],
        changes_count=diff.changes.num_rows,
        unmatched_calls=diff.unmatched_calls,
    )


def late_sentence(own: Touched) -> str:
    """Calls since a version's date that an earlier one has priced."""
    return (
        f"{own.calls:,} calls since its date were priced by an earlier version, "
        f"{format_nanos(own.nanos)} {own.currency}, and {own.without_price:,} had no rate"
    )


def _instant(ms: int) -> int | None:
    return ms if ms >= 0 else None


def _sum(name: str, own: Sum) -> SumView:
    return SumView(
        name=name,
        codes=own.codes,
        calls=own.calls,
        minutes=own.duration_ms // MINUTE_MS,
        old=format_nanos(own.old_nanos),
        new=format_nanos(own.new_nanos),
        delta=format_nanos(own.delta_nanos),
    )


def _change(row: Mapping[str, Any]) -> ChangeView:
    own: dict[str, Any] = {k: row[k] for k in ChangeView.model_fields if k in row}
    prices: dict[str, Any] = {side: _price(row, side) for side in ("old", "new")}
    delta = format_nanos(row["new_nanos"] - row["old_nanos"])
    return ChangeView(**{**own, **prices, "delta": delta})


def _price(row: Mapping[str, Any], side: str) -> str | None:
    nanos = row[f"{side}_next_rate_nanos"]
    if nanos is None:
        return None
    first, following = (row[f"{side}_{name}_increment_s"] for name in ("first", "next"))
    return f"{format_nanos(nanos)} {first}/{following}"
