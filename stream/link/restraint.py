"""Restraint: what stands above a campaign's answers: people's words on accounts, the governor."""

from collections.abc import Sequence

from stream.controls.pinned import is_pinned
from stream.controls.table import Controls
from stream.govern.governor import Governor
from stream.link.answers import Answer, Answers
from stream.store import Store


class Restraint:
    """Holds answers back. `governor`: none where nobody is acted on."""

    def __init__(
        self, controls: Controls, governor: Governor | None, store: Store, answers: Answers
    ) -> None:
        self._controls = controls
        self._governor = governor
        self._store = store
        self._answers = answers

    async def governed(self, answers: Sequence[Answer]) -> list[Answer]:
        """The answers, of those that the governor refuses what it lets be said. Raises
        StoreError."""
        rises = [answer.rise for answer in answers if answer.rise]
        if self._governor is None or not rises:
            return list(answers)
        refused = {name for name, _ in await self._governor.refuse(rises)}
        kept = (
            self._answers.lessen(answer)
            if answer.rise and answer.rise.account in refused
            else answer
            for answer in answers
        )
        return [answer for answer in kept if answer]

    async def silenced(self, answers: Sequence[Answer]) -> set[str]:
        """Accounts about which a person's word holds: their answers are kept, for when it ends,
        and told to nobody. Raises StoreError."""
        told = {answer.decision.account_id: answer.decision.ts for answer in answers}
        return {
            account
            for account, ts in told.items()
            if await is_pinned(self._store, self._controls, account, ts)
        }
