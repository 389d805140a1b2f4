"""The hearing: appeals are filed, and answered; an answer changes what stands and what is learnt.

A statement may hold anything that a person writes. It is sealed with the account's key, which an
erasure destroys, lies in the store alone, and only a reviewer reads it: no log, topic or label has
a word of it. Without it a reviewer would have to ask elsewhere, where nothing is erased.

The order of an answer: it is fixed in the store, so that a second reviewer meets it; then all that
it means is done, and may be done again after a crash; then it waits no longer.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

from edge.appeals.appeal import (
    Appeal,
    AppealRefusedError,
    Category,
    NoSuchAppealError,
    TooManyAppealsError,
    Verdict,
    encode_appeal,
)
from edge.appeals.docket import Docket
from edge.audit.keyring import Keyring, UnreadableError, seal, unseal
from schemas.controls import Appeal as AppealRecord
from schemas.controls import Override
from schemas.decisions import Action
from schemas.events import LabelEvent

if TYPE_CHECKING:
    from stream.controls.acting import Acting

DAY_MS: Final = 86_400_000
MONTH_MS: Final = 30 * DAY_MS


class _Stands(msgspec.Struct):
    """What is asked of the decision that stands."""

    decision_id: str
    action: Action
    expires_at: int


_stands = msgspec.json.Decoder(_Stands).decode


class Hearing:
    """Files appeals and answers them.

    most: appeals of one account in 30 days; days: how long an account is allowed whose appeal
    was granted; now: ms.
    """

    def __init__(
        self,
        docket: Docket,
        keyring: Keyring,
        acting: "Acting",
        *,
        most: int,
        days: int,
        now: Callable[[], int],
    ) -> None:
        self._docket = docket
        self._keyring = keyring
        self._acting = acting
        self._most = most
        self._days = days
        self._now = now

    async def file(
        self, account: str, decision_id: str, category: Category, statement: str, clerk: str
    ) -> tuple[Appeal, bool]:
        """File an appeal against the decision that stands: the appeal and True, or the one that
        was filed before and False.

        Raises NoSuchAppealError, AppealRefusedError, TooManyAppealsError, StoreError or EmitError.
        """
        held = await self._docket.of(account)
        for one in held:
            if one.decision_id == decision_id:
                return one, False
        decision = await self._contested(account, decision_id)
        self._refuse_more(held)
        appeal = Appeal(
            account_id=account,
            decision_id=decision_id,
            category=category,
            statement=await self._sealed(account, decision_id, statement),
            decision=msgspec.Raw(decision),
            filed_at=self._now(),
        )
        await self._record(appeal, clerk, category)
        if not await self._docket.put(appeal):
            raise AppealRefusedError("it was filed at the same moment: ask again")
        return appeal, True

    async def answer(
        self, account: str, decision_id: str, verdict: Verdict, reviewer: str, reason: str
    ) -> Appeal:
        """Answer an appeal, and do all that the answer means; again where that was not done.

        Raises NoSuchAppealError, AppealRefusedError, StoreError or EmitError.
        """
        before = await self.find(account, decision_id)
        answered = before.answered(verdict, reviewer, reason, self._now())
        if answered.carried_out:
            return answered
        await self._swap(answered, before)
        if answered.state == "overturned":
            await self._acting.override(self._allowance(answered))
        await self._acting.label(_label(answered))
        await self._record(answered, answered.reviewer, answered.reason)
        done = msgspec.structs.replace(answered, carried_out=True)
        await self._swap(done, answered)
        return done

    async def find(self, account: str, decision_id: str) -> Appeal:
        """The appeal of an account against a decision. Raises NoSuchAppealError, StoreError."""
        for one in await self._docket.of(account):
            if one.decision_id == decision_id:
                return one
        raise NoSuchAppealError(f"no appeal of {account} against {decision_id}")

    async def statement(self, appeal: Appeal) -> str | None:
        """What the account says, None where its key is gone. Raises StoreError."""
        key = await self._keyring.find(appeal.account_id)
        if not appeal.statement:
            return ""
        try:
            place = _place(appeal.decision_id)
            return unseal(key, appeal.statement, place).decode() if key else None
        except UnreadableError:
            return None

    async def _contested(self, account: str, decision_id: str) -> bytes:
        decision = await self._acting.decision(account)
        stands = _stands(decision) if decision else None
        if decision is None or stands is None or stands.decision_id != decision_id:
            raise NoSuchAppealError(f"no decision {decision_id} stands about {account}")
        if stands.action is Action.ALLOW:
            raise NoSuchAppealError(f"{account} is allowed")
        return decision

    def _refuse_more(self, held: list[Appeal]) -> None:
        if any(not one.carried_out for one in held):
            raise AppealRefusedError("another appeal of this account waits for its answer")
        recent = [one for one in held if one.filed_at > self._now() - MONTH_MS]
        if len(recent) >= self._most:
            raise TooManyAppealsError(f"{self._most} appeals in 30 days are the most")

    async def _sealed(self, account: str, decision_id: str, statement: str) -> str:
        if not statement:
            return ""
        keys = await self._keyring.keys([account])
        return seal(keys[account], statement.encode(), _place(decision_id))

    async def _swap(self, appeal: Appeal, before: Appeal) -> None:
        if encode_appeal(appeal) != encode_appeal(before) and not await self._docket.put(
            appeal, before
        ):
            raise AppealRefusedError("somebody else is answering it: look again")

    async def _record(self, appeal: Appeal, author: str, reason: str) -> None:
        record = AppealRecord(
            author=author,
            reason=reason,
            ts=appeal.answered_at or appeal.filed_at,
            account_id=appeal.account_id,
            decision_id=appeal.decision_id,
            state=appeal.state,
        )
        await self._acting.publish(record)

    def _allowance(self, appeal: Appeal) -> Override:
        return Override(
            subject="account",
            value=appeal.account_id,
            action=Action.ALLOW,
            author=appeal.reviewer,
            reason="the appeal was granted",
            ts=appeal.answered_at,
            expires_at=appeal.answered_at + self._days * DAY_MS,
        )


def _label(appeal: Appeal) -> LabelEvent:
    named = f"{appeal.account_id}\0{appeal.decision_id}".encode()
    return LabelEvent(
        event_id="appeal-" + blake2b(named, digest_size=16).hexdigest(),
        account_id=appeal.account_id,
        ts=appeal.answered_at,
        label="benign" if appeal.state == "overturned" else "abuse",
        source=appeal.reviewer,
        note=f"appeal {appeal.state}",
    )


def _place(decision_id: str) -> bytes:
    """What a sealed statement is bound to."""
    return b"appeal/" + decision_id.encode()
