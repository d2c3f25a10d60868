"""The books of a partition, and everything that is done to them: what to store, what to say."""

import heapq
from collections.abc import Callable
from typing import Final, NamedTuple

from billing.credit.account import AccountBook, Block, Warned
from billing.credit.outcomes import Notice, Outcome
from billing.credit.session import Session
from billing.money import format_nanos

NEVER_MS: Final = 2**62


class Change(NamedTuple):
    """A part of an account's book that must be stored: under its name, or no longer (None)."""

    kind: str
    """session, order, block, warned"""
    account: str
    name: str
    value: Session | int | Block | Warned | None


Opened = Callable[[AccountBook], None]
"""Told of each book when it is new: sets its limit and what it has spent."""


def opened_empty(_book: AccountBook) -> None:
    """A new book has no limit and has spent nothing."""


class Journal:
    """Books by account. `sessions` counts the calls of all of them, closed ones too."""

    def __init__(self, opened: Opened = opened_empty) -> None:
        self._opened = opened
        self.books: dict[str, AccountBook] = {}
        self.sessions = 0
        self.noted = 0
        """how much has been noted and said so far"""
        self._due: list[tuple[int, str, str]] = []
        self._changes: list[Change] = []
        self._outcomes: list[Outcome] = []

    def book(self, account: str) -> AccountBook:
        """The account's book, a new one if nothing was known of it."""
        if account not in self.books:
            self.books[account] = AccountBook(account)
            self._opened(self.books[account])
        return self.books[account]

    def taken(self) -> tuple[list[Change], list[Outcome]]:
        """What has changed and what is to be said since the last call."""
        found = self._changes, self._outcomes
        self._changes, self._outcomes = [], []
        return found

    def say(self, outcome: Outcome) -> None:
        """Something for the outside."""
        self._outcomes.append(outcome)
        self.noted += 1

    def note(self, change: Change) -> None:
        """Something to be stored."""
        self._changes.append(change)
        self.noted += 1

    def put(self, account: str, key: str, session: Session | None) -> None:
        """Set or forget a call."""
        self.set(account, key, session)
        self.note(Change("session", account, key, session))

    def set(self, account: str, key: str, session: Session | None) -> None:
        """`put` of a call that is stored already."""
        book = self.book(account)
        self.sessions += (session is not None) - (key in book.sessions)
        book.put(key, session)
        if session is not None:
            heapq.heappush(self._due, (session.due_ms, account, key))

    def due(self, now_ms: int) -> tuple[AccountBook, str, Session] | None:
        """The next call that must be looked at by now."""
        while self._due and self._due[0][0] <= now_ms:
            due_ms, account, key = heapq.heappop(self._due)
            session = self.books[account].sessions.get(key)
            if session is not None and session.due_ms == due_ms:
                return self.books[account], key, session
        return None

    def next_due_ms(self) -> int:
        """When `due` has something next."""
        return self._due[0][0] if self._due else NEVER_MS

    def watch_use(self, book: AccountBook, now_ms: int) -> None:
        """Warn if the account has passed a threshold."""
        before = book.warned
        level, news = book.threshold()
        if book.warned != before:
            self.note(Change("warned", book.account, "", book.warned))
        if news:
            free = book.free_nanos
            detail = f"{level} % used: {format_nanos(free)} is free"
            self.say(Notice(now_ms, book.account, "threshold", free, detail))
