"""Lists that change while a worker runs are taken; broken ones are refused, and the old go on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kyc.lists.folder import Folder
from kyc.lists.imports import import_list
from kyc.lists.kinds import Kind
from kyc.lists.roll import Roll
from kyc.marks import NO, YES
from kyc.things import Mailbox
from stream.know import refresh
from stream.know.profiles import unseal
from stream.know.refresh import Consulted, consult, follow_lists, state
from stream.metrics import Metrics
from stream.settings import Settings, load_settings
from stream.store import MemoryStore
from tests.unit.gates import NOW, ListSink, registry
from tests.unit.test_accounts import news, told

PATIENCE_S = 60.0
UN = "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>{}</FIRST_NAME>\
</INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a folder of lists, which is empty."""
    (tmp_path / "lists").mkdir()
    return load_settings(lists_dir=str(tmp_path / "lists"))


def imported(settings: Settings, kind: Kind, content: str) -> Roll:
    """The roll after an import."""
    assert settings.lists_dir
    path = settings.lists_dir.parent / "downloaded"
    path.write_text(content)
    import_list(Folder(settings.lists_dir), kind, [path], datetime.now(UTC))
    return Roll.load(settings.lists_dir)


class Heard:
    """What is handed over, and which rolls are asked to be re-screened."""

    def __init__(self) -> None:
        self.taken: list[Consulted] = []
        self.rolls: list[str] = []
        self.metrics = Metrics()

    async def rescreen(self, roll: str) -> None:
        self.rolls.append(roll)

    def count(self, result: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "sluicegate_lists_read_total", {"result": result}
        )


@asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[Heard]:
    """A worker that looks often."""
    assert settings.lists_dir
    heard, held = Heard(), state(settings.lists_dir)
    task = asyncio.create_task(
        follow_lists(settings, held, heard.taken.append, heard.rescreen, heard.metrics, 0.005)
    )
    yield heard
    task.cancel()


async def until(reached: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not reached():  # noqa: ASYNC110 - a folder and a thread tell nobody
            await asyncio.sleep(0.005)


async def test_a_changed_list_is_taken(settings: Settings) -> None:
    """Whole; and names are to be compared with the new roll."""
    async with following(settings) as heard:
        await until(lambda: heard.rolls)
        roll = imported(settings, Kind.UN_NAMES, UN.format("Zebulon"))
        await until(lambda: roll.version in heard.rolls)
    assert heard.rolls[0] == ""
    assert heard.taken[0].watch is not None
    assert heard.count("taken") == len(heard.taken) == 1


@pytest.mark.parametrize("broken", ["manifest", "data"])
async def test_a_broken_import_is_refused_once(settings: Settings, broken: str) -> None:
    """And the old goes on, until a whole one takes its place."""
    assert settings.lists_dir
    elsewhere = Folder(settings.lists_dir.parent / "elsewhere")
    path = settings.lists_dir.parent / "un.xml"
    path.write_text(UN.format("Zebulon"))
    manifest = import_list(elsewhere, Kind.UN_NAMES, [path], datetime.now(UTC))
    async with following(settings) as heard:
        await until(lambda: heard.rolls)
        (settings.lists_dir / manifest.file).write_text("cut off")
        body = (elsewhere.path / "un_names.json").read_bytes()
        (settings.lists_dir / "un_names.json").write_bytes(b"{" if broken == "manifest" else body)
        await until(lambda: heard.count("refused"))
        before = len(heard.rolls)
        await until(lambda: len(heard.rolls) > before + 3)
        refused, taken = heard.count("refused"), len(heard.taken)
        roll = imported(settings, Kind.UN_NAMES, UN.format("Wilhelmina"))
        await until(lambda: roll.version in heard.rolls)
    assert (refused, taken) == (1, 0)


async def test_a_disk_that_failed_is_read_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is whole: nobody has to import it again."""
    failures = [OSError("too many open files")]

    def read(asked: Settings) -> Consulted:
        if failures:
            raise failures.pop()
        return consult(asked)

    monkeypatch.setattr(refresh, "consult", read)
    async with following(settings) as heard:
        imported(settings, Kind.UN_NAMES, UN.format("Zebulon"))
        await until(lambda: heard.taken)
    assert heard.count("refused") == 1


async def test_accounts_are_read_with_the_lists_of_now(settings: Settings) -> None:
    """From the next chunk on; what was read before stays as it is."""
    store = MemoryStore()
    registering = registry(ListSink(), store)
    await registering.handle(news(told(0, email="ada@throw.example")))
    imported(settings, Kind.DISPOSABLE_DOMAINS, "throw.example\n")
    taken = consult(settings)
    registering.consult(taken.lists, taken.watch)
    await registering.handle(news(told(1, account="bo", email="bo@throw.example", ts=NOW)))
    marks = [
        Mailbox(*row).disposable
        for account in ("ada", "bo")
        for row in unseal(store.profiles[account]).things["mailbox"].values()
    ]
    assert marks == [NO, YES]
