"""Noticing: whom the gate is to be told of, and what, as of the linker's last search.

Most accounts share nothing that would surprise anybody: of these nothing is said. Of the others
it is said when it is new, when it has changed by much, and again before the store forgets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.link.kinds import FAMILY
from stream.link.notice import Notice
from stream.link.population import Population, counted
from stream.link.portrait import DOUBT
from stream.link.surprise import Floats, Ints

DAY_MS: Final = 86_400_000
# Bans. Of an account's dozens of values one is as shared as one in a hundred by chance alone.
SURPRISING: Final = 3.0
SHARERS: Final = 3  # two may be one person, or a couple
MOST: Final = 4_000  # notices of one search; the turn of the others comes with the next
RENEWED_MS: Final = 15 * DAY_MS  # about half as long as the store keeps them
# What is worth telling anew: so many bans, families, parts of one, octaves.
CHANGE: Final = {"surprise": 1.0, "families": 1.0, "excess": 0.1, "growth": 0.5}
GROWN: Final = 1.25  # or so many times the accounts

_NOTICE: Final = np.dtype(
    [
        ("kind", "u1"),
        ("accounts", "i8"),
        ("unproven", "i8"),
        ("surprise", "f8"),
        ("families", "i8"),
        ("excess", "f8"),
        ("growth", "f8"),
    ]
)
Rows = NDArray[np.void]


@dataclass(slots=True)
class Noticing:
    """Remembers what was said of whom: accounts and values are numbers of the ledger."""

    _said: Rows = field(default_factory=lambda: np.zeros(0, _NOTICE))
    _when: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # ms; 0: never
    _early: dict[int, Notice] = field(default_factory=dict)  # said since the last search
    _values: dict[int, np.void] = field(default_factory=dict)  # as if an account had no other

    def search(self, population: Population, values: int) -> list[tuple[int, Notice]]:
        """What is to be said after a search, by account. `values`: how many the ledger has;
        beyond are cells of behaviour, which the next search will cut anew."""
        number, found = _surprising(population)
        used = number < values
        self._values = dict(zip(number[used].tolist(), found[used], strict=True))
        self._grow(population)
        now = _by_account(population, number, found)
        due = np.flatnonzero(self._is_due(now, population.clock))
        due = np.sort(due[np.argsort(-now["surprise"][due], kind="stable")][:MOST])
        self._said[due], self._when[due] = now[due], population.clock
        return [(account, _notice(now[account])) for account in due.tolist()]

    def meet(self, account: int, numbers: Sequence[int], *, proven: bool) -> Notice | None:
        """What is to be said at once of an account, by the values that it just used; None where
        something was said of it before, or nothing is surprising."""
        if account in self._early or (account < len(self._when) and self._when[account]):
            return None
        told = [self._values[number] for number in numbers if number in self._values]
        if not told:
            return None
        shared = list(map(_notice, told))
        most = max(shared, key=lambda notice: notice.surprise)
        families = len({FAMILY[notice.kind] for notice in shared})
        notice = most._replace(
            accounts=most.accounts + 1, unproven=most.unproven + (not proven), families=families
        )
        self._early[account] = notice
        return notice

    def renumber(self, number: Mapping[int, int]) -> None:
        """Accounts have other numbers, by those that they had and in the same order; of those that
        have none nothing was ever said."""
        stay = [account for account in sorted(number) if account < len(self._when)]
        self._said, self._when = self._said[stay], self._when[stay]
        self._early = {number[a]: notice for a, notice in self._early.items() if a in number}

    def _grow(self, population: Population) -> None:
        more = len(population.proven) - len(self._said)
        self._said = np.concatenate([self._said, np.zeros(more, _NOTICE)])
        self._when = np.concatenate([self._when, np.zeros(more, np.int64)])
        for account, notice in self._early.items():
            self._said[account], self._when[account] = tuple(notice), population.clock
        self._early = {}

    def _is_due(self, now: Rows, clock: int) -> NDArray[np.bool_]:
        said, known = self._said, self._when > 0
        changed = np.zeros(len(now), bool)
        for name, by in CHANGE.items():
            changed |= np.abs(now[name] - said[name]) >= by
        changed |= now["accounts"] >= GROWN * said["accounts"]
        changed |= said["accounts"] >= GROWN * now["accounts"]
        renewed = clock - self._when >= RENEWED_MS
        shares = now["surprise"] > 0
        changed &= shares | (said["surprise"] > 0)
        return np.where(known, changed | (renewed & shares), shares)


def _surprising(p: Population) -> tuple[Ints, Rows]:
    """The values that are shared by enough accounts and surprise, and what to say of each."""
    shared = p.sharing
    number = np.flatnonzero((shared.surprise >= SURPRISING) & (shared.accounts >= SHARERS))
    accounts, unproven = shared.accounts[number], (shared.accounts - shared.proven)[number]
    new = p.clock - p.begun < DAY_MS
    came = np.bincount(p.edges.value, new[p.edges.account], len(p.edges.kind))[number]
    usual, usually_new = 1.0 - p.proven.mean(), (new.sum() + 0.5) / (len(new) + 1.0)
    found = np.zeros(len(number), _NOTICE)
    found["kind"], found["families"] = p.edges.kind[number], 1
    found["accounts"], found["unproven"] = accounts, unproven
    found["surprise"] = shared.surprise[number]
    found["excess"] = _share(unproven, accounts, usual) - usual
    found["growth"] = np.log2(_share(came, accounts, usually_new) / usually_new)
    return number, found


def _share(part: Floats | Ints, whole: Ints, usual: float) -> Floats:
    """The share of each part, as if a few more were like everybody."""
    return np.asarray((part + DOUBT * usual) / (whole + DOUBT))


def _by_account(p: Population, number: Ints, found: Rows) -> Rows:
    """Of each account its most surprising value; zeros where it shares none."""
    most = np.argsort(-found["surprise"], kind="stable")
    standing = np.full(len(p.edges.kind), len(number))
    standing[number[most]] = np.arange(len(number))
    shows = np.flatnonzero(standing[p.edges.value] < len(number))
    account, shown = p.edges.account[shows], standing[p.edges.value[shows]]
    first = np.full(len(p.proven), len(number))
    np.minimum.at(first, account, shown)
    now: Rows = np.append(found[most], np.zeros(1, _NOTICE))[first]
    now["families"] = counted(account, p.families[p.edges.value[shows]], len(now))
    return now


def _notice(row: np.void) -> Notice:
    return Notice(*row.item())
