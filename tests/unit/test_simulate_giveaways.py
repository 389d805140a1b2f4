"""No raw field tells abuse from honesty: not by its presence, its mean or a common value."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulate.abuse.campaigns import Campaign
from simulate.attacks import ATTACKS
from simulate.configurations import CONFIGURATIONS
from simulate.fill import FILL
from simulate.population import Population, Truth
from simulate.scenarios import SCENARIOS, scenario

Tally = defaultdict[str, Counter[str]]

# Enough accounts of every cohort for a rank statistic; firms' volume adds nothing to it.
_BENCH = SCENARIOS["bench"]
MIXED = replace(_BENCH, accounts=1_000, days=3.0, cohorts=(*_BENCH.cohorts, Campaign(share=0.2)))
# What many unrelated people have in common; what a ring shares by itself is evidence.
_COMMON = (
    *("program", "referrer", "country", "funding", "bin", "method", "result", "email_domain"),
    *("model", "endpoint", "capability", "user_agent", "tls_fingerprint", "temperature"),
    *("max_tokens", "tools", "status", "asn", "stream", "logprobs"),
)
_NUMBERS = {bool, int, float}


def _tally() -> Tally:
    return defaultdict(Counter)


@dataclass(slots=True)
class Seen:
    """What the events of each account show. present and summed: by account, of each field."""

    truths: dict[str, Truth]
    total: Counter[str] = field(default_factory=Counter)
    present: Tally = field(default_factory=_tally)
    summed: Tally = field(default_factory=_tally)
    told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    having: dict[tuple[str, Any], set[str]] = field(default_factory=lambda: defaultdict(set))

    def request(self, event: dict[str, Any]) -> None:
        account = event["account_id"]
        self.total[account] += 1
        self.present[account].update(event.keys())
        summed = self.summed[account]
        for name, value in event.items():
            if type(value) in _NUMBERS:
                summed[name] += value
        self._values(account, event)

    def fact(self, event: dict[str, Any]) -> None:
        for name in event:
            self.told[f"{event['type']}.{name}"].add(event["account_id"])
        mail = {"email_domain": event["email"].split("@")[1]} if "email" in event else {}
        self._values(event["account_id"], event | mail)

    def _values(self, account: str, event: dict[str, Any]) -> None:
        for name in _COMMON:
            if name in event:
                self.having[name, event[name]].add(account)

    def shares(self, name: str) -> NDArray[np.float64]:
        return np.array([self.present[a][name] / n for a, n in self.total.items()])

    def means(self, name: str) -> NDArray[np.float64]:
        return np.array([self.summed[a][name] / max(self.present[a][name], 1) for a in self.total])

    def abusive(self) -> NDArray[np.bool_]:
        return np.array([self.truths[a].abusive for a in self.total])


def _population(name: str) -> Population:
    """A plain campaign among the bench's people, a configuration, or a named attack on A."""
    if name == "mixed":
        return Population(MIXED)
    configuration, attack = (name, "june") if name in CONFIGURATIONS else ("A", name)
    return Population(scenario(configuration, attack, 5, 600, 1.0, attack_share=0.25))


@cache
def seen(name: str) -> Seen:
    population = _population(name)
    found = Seen({t.account_id: t for t in population.truths()})
    for event in population.requests():
        found.request(event)
    for event in population.account_events():
        found.fact(event)
    return found


everywhere = pytest.mark.parametrize("name", ["mixed", *ATTACKS, "B", "C", "D"])


def _auc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive's value is above a negative's, ties counting half."""
    _, place, size = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[place]
    n = int(positive.sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * (len(rank) - n)))


def _outside(aucs: dict[str, float], low: float, high: float) -> dict[str, float]:
    return {name: auc for name, auc in aucs.items() if not low < auc < high}


@everywhere
def test_no_presence_gives_abuse_away(name: str) -> None:
    """That a field is there does not tell abusive accounts from honest ones."""
    s = seen(name)
    aucs = {f: _auc(s.shares(f), s.abusive()) for f in (*FILL, "hash_version")}
    assert not _outside(aucs, 0.2, 0.8)


@everywhere
def test_no_mean_gives_abuse_away(name: str) -> None:
    """A field's mean over an account does not tell abusive accounts from honest ones."""
    s = seen(name)
    aucs = {f: _auc(s.means(f), s.abusive()) for f in (*FILL, "input_tokens")}
    assert not _outside(aucs, 0.1, 0.9)


@everywhere
def test_no_account_field_gives_abuse_away(name: str) -> None:
    """No kind of account event, and none of its fields, belongs to one side."""
    s = seen(name)
    abusive = np.array([t.abusive for t in s.truths.values()])
    aucs = {
        told: _auc(np.array([float(a in accounts) for a in s.truths]), abusive)
        for told, accounts in s.told.items()
    }
    assert not _outside(aucs, 0.2, 0.8)


@everywhere
def test_no_common_value_is_abuse_alone(name: str) -> None:
    """A value that a tenth of the abusive accounts have belongs to honest ones as well."""
    abusive = {account for account, t in seen(name).truths.items() if t.abusive}
    having = seen(name).having.items()
    common = {value: who for value, who in having if len(who & abusive) >= len(abusive) / 10}
    assert common
    assert not [value for value, who in common.items() if len(who - abusive) < len(who) / 10]


def test_ids_tell_nothing() -> None:
    """Ids of both sides have one form."""
    forms = {(a[:4], len(a)) for a in seen("mixed").truths}
    assert forms == {("acc_", 20)}


def test_fields_are_missing_as_in_life() -> None:
    """Optional fields are filled in part, each by somebody."""
    s = seen("mixed")
    present: Counter[str] = sum(s.present.values(), Counter())
    shares = {name: present[name] / s.total.total() for name in FILL}
    assert all(share > 0 for share in shares.values())
    assert sum(share < 0.99 for share in shares.values()) > len(FILL) / 2


def _requests() -> Iterator[dict[str, Any]]:
    return Population(replace(MIXED, accounts=300)).requests()


def test_failures_are_tried_again() -> None:
    """A failed request is followed by another try of the same template and length."""
    asked = defaultdict(list)
    for e in _requests():
        if {"conversation_id", "status", "template_hash"} <= e.keys():
            asked[e["conversation_id"], e["template_hash"], e["input_tokens"]].append(e["status"])
    assert any(tries[0] >= 429 and tries[-1] == 200 for tries in asked.values())


def test_launch_shifts_the_mix() -> None:
    """The new model is unused before its launch and used after it."""
    launch = MIXED.start + MIXED.launch * MIXED.days * 86_400_000
    used = [e["ts"] >= launch for e in _requests() if e["model"] == "atlas-5"]
    assert used
    assert all(used)
