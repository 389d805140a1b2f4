"""Second looks: with an account's first requests its sign-up is looked at again.

Whoever comes first of many shares nothing with anybody yet. By the time a farm's account spends its
trial others of the farm have signed up, and the census tells. What is asked for then stands in the
profile, as all that identity asks for does. That is the registry's to write: a profile with an
event that this batch has not seen is left alone, and the account looked at with that event.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.assessed import Assessed
from kyc.checked import Values
from kyc.claims import DAY_MS
from kyc.known import Ints, Known
from kyc.profile import UNKNOWN as NOTHING_NEW
from kyc.stepup import Asking
from schemas.decisions import Action
from stream.decide.court import Verdict
from stream.decode.batch import RequestBatch
from stream.know.dossier import Dossier, Told
from stream.know.inquiry import Inquiry
from stream.know.profiles import Profiles, assessments, headers, reseal, unseal
from stream.remember.packing import UNKNOWN
from stream.remember.windows import Sight
from stream.store import Entry

# Of an account's requests: early, for the credit's sake; and before the tenth, when most of those
# that share with it have come. Nine looks find no farmer whom these three miss.
LOOKS: Final = (1, 3, 9)
# After the sign-up: a day's rush that is seen then is the one that it came with.
WITHIN_MS: Final = DAY_MS


class Requests(NamedTuple):
    """An account, its sealed profile, and those of its requests that bring a look about, by rising
    offset. They tell nothing of who it is."""

    account: str
    sealed: bytes
    told: Sequence[Told]


class Look(NamedTuple):
    """An account after its looks. since: offset of the request from which on it is asked for more,
    None: it is not; entry: what to write of it, None: nothing has changed."""

    dossier: Dossier
    since: int | None
    entry: Entry | None


class Looked(NamedTuple):
    """What came of a batch's looks: verdicts, each with its row of the batch; by account, from
    which row on what is asked for; and the profiles that keep it."""

    verdicts: Sequence[tuple[int, Verdict]]
    askings: Mapping[int, tuple[int, Asking]]
    profiles: Sequence[Entry]

    def among(self, verdicts: list[Verdict], batch: RequestBatch) -> list[Verdict]:
        """These and a court's in order of arrival; left out where the court has just decided what
        is as strict."""
        if not self.verdicts:
            return verdicts
        events = zip(batch.account.tolist(), batch.event_id, strict=True)
        rows = {one: row for row, one in enumerate(events)}
        placed = [(rows[v.account, v.decision.event_id], True, v) for v in verdicts]
        placed += [(row, False, verdict) for row, verdict in self.verdicts]
        merged: list[Verdict] = []
        strict: dict[int, bool] = {}
        for _, of_court, verdict in sorted(placed, key=itemgetter(0, 1)):
            if of_court and verdict.changes:
                strict[verdict.account] = verdict.decision.action >= Action.STEP_UP
            if of_court or not strict.get(verdict.account):
                merged.append(verdict)
        return merged


NOTHING: Final = Looked([], {}, [])


class SecondLooks:
    """Looks at sign-ups again, as an inquiry does; hasher: stands in for accounts."""

    def __init__(self, inquiry: Inquiry, hasher: Values) -> None:
        self._inquiry = inquiry
        self._hasher = hasher

    async def look(self, batch: RequestBatch, sight: Sight, profiles: Profiles) -> Looked:
        """Look at all of a batch who are due. Raises StoreError."""
        told: dict[int, list[Told]] = {}
        at = due(sight.requests, sight.account, sight.clock, profiles.known)
        for row in np.sort(sight.row[at]).tolist():
            one = Told(row, batch.event_id[row], int(batch.ts[row]), NOTHING_NEW)
            told.setdefault(int(batch.account[row]), []).append(one)
        if not told:
            return NOTHING
        asking = [Requests(batch.accounts[n], profiles.sealed(n), some) for n, some in told.items()]
        looks = dict(zip(told, await self.again(asking), strict=True))
        return Looked(
            [
                (one.offset, Verdict(n, int(batch.partition[one.offset]), True, decision))
                for n, look in looks.items()
                for decision in look.dossier.decisions
                for one in told[n]
                if one.event_id == decision.event_id
            ],
            {
                n: (since, one.assessed.asking)
                for n, (one, since, _) in looks.items()
                if since is not None
            },
            [look.entry for look in looks.values() if look.entry],
        )

    async def again(self, requests: Sequence[Requests]) -> list[Look]:
        """Look at each of these accounts at its requests. Raises StoreError."""
        header = headers([one.sealed for one in requests])
        before = assessments(header)
        dossiers = [
            self._dossier(*one)
            for one in zip(requests, before, header["proofs"].tolist(), strict=True)
        ]
        stages = sorted((s for d in dossiers for s in d.stages()), key=lambda stage: stage.offset)
        since: dict[str, int] = {}
        for stage, after in zip(stages, await self._inquiry.hold(stages, note=False), strict=True):
            if after.asking.at(stage.occasion.ts):
                since.setdefault(stage.dossier.account, stage.offset)
        return [
            Look(dossier, since.get(dossier.account), _entry(one.sealed, held, dossier))
            for one, held, dossier in zip(requests, before, dossiers, strict=True)
        ]

    def _dossier(self, one: Requests, held: Assessed, proofs: int) -> Dossier:
        stand_in = self._hasher.value("account", one.account)
        return Dossier(one.account, stand_in, UNKNOWN, unseal(one.sealed), held, proofs, one.told)


def due(requests: Ints, account: Ints, clock: Ints, known: Known) -> NDArray[np.bool_]:
    """Which requests bring a look about: early ones of those who signed up a short while ago, have
    not proven who they are, and are not asked to.

    Of each: how many its account has made, the place of the account in `known`, and its clock, ms.
    """
    age = known.age(account, clock)
    young = (age >= 0) & (age < WITHIN_MS) & ~known.established(account, clock)
    found: NDArray[np.bool_] = young & np.isin(requests, LOOKS)
    return found & (known.asked_until[account] <= clock)


def _entry(sealed: bytes, held: Assessed, dossier: Dossier) -> Entry | None:
    """What a look changes of a profile, with what was decided. Not the score: what an account's
    own events make of it must not depend on when it was looked at."""
    after = dossier.assessed
    changed = held.still(after.asking)._replace(peak=after.peak)
    if changed == held and not dossier.decisions:
        return None
    return Entry(dossier.account, reseal(sealed, changed), dossier.current)
