"""The watch: another panel when the store says so, and the old one whenever something is wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from schemas.decisions import Action
from schemas.errors import ConfigurationError, ModelError
from stream.bundles.bounds import Bounds
from stream.bundles.following import following_policy
from stream.bundles.opening import POLICY
from stream.bundles.panel import Panel, Trial
from stream.bundles.promotion import give, roll_back
from stream.bundles.roles import Deed, Roles, What
from stream.bundles.store import ACTS, BundleStore
from stream.bundles.watch import Settled, Watch, open_watch
from stream.metrics import Metrics
from stream.settings import Settings, load_settings
from tests.unit.bundled import make_bundle, write_keys

DEED = Deed("ada", "", 1_790_000_000_000)
PATIENCE_S = 60.0


def promote(settings: Settings, place: Path) -> str:
    return give(settings, "promote", place, Roles.promote, DEED).current


def try_out(settings: Settings, place: Path) -> str:
    step = lambda roles, version: roles.try_out(version, 0.5, DEED.now)  # noqa: E731 - one line
    return give(settings, "canary", place, step, DEED).candidate


@dataclass(slots=True)
class Watched:
    """A store, a watch that runs, and the panels that it has put in place."""

    settings: Settings
    watch: Watch
    metrics: Metrics
    panels: list[Panel] = field(default_factory=list)

    @property
    def store(self) -> BundleStore:
        assert self.settings.bundles
        return BundleStore(self.settings.bundles)

    def policy(self) -> str:
        """Of the panel that decides now."""
        return self.watch.panel.current.court.versions[1]

    def refusals(self) -> float:
        return self.metrics.registry.get_sample_value("sluicegate_bundle_refusals_total") or 0.0


async def until(reached: Callable[[], object]) -> None:
    """Wait until it is so; a bound, and no more time than it takes."""
    async with asyncio.timeout(PATIENCE_S):
        while not reached():  # noqa: ASYNC110 - the watch sets no event
            await asyncio.sleep(0.001)


@asynccontextmanager
async def watching(tmp_path: Path) -> AsyncIterator[Watched]:
    """A watch of a store in which `one` decides."""
    settings, metrics = load_settings(bundles=tmp_path / "store"), Metrics()
    promote(settings, make_bundle(tmp_path, "one", policy="one"))
    watch = open_watch(settings, metrics)
    assert isinstance(watch, Watch)
    watched = Watched(settings, watch, metrics)
    task = asyncio.create_task(watch.run(watched.panels.append, every_s=0.002))
    try:
        yield watched
        assert not task.done()
    finally:
        task.cancel()


async def test_a_promotion_is_put_in_place(tmp_path: Path) -> None:
    """And a rollback; metrics and health tell it."""
    async with watching(tmp_path) as watched:
        assert watched.policy() == "one"
        version = promote(watched.settings, make_bundle(tmp_path, "two", policy="two"))
        await until(lambda: watched.panels)
        assert watched.panels[0].current.bundle == version
        assert watched.policy() == "two"
        assert watched.metrics.bundles.about().startswith(f"current {version} xgboost-")
        roll_back(watched.settings, "", DEED)
        await until(lambda: len(watched.panels) == 2)
        assert watched.policy() == "one"


async def test_a_damaged_bundle_is_refused_and_the_old_goes_on(tmp_path: Path) -> None:
    """With the reason, once; it is taken when it has been mended."""
    async with watching(tmp_path) as watched:
        place = make_bundle(tmp_path, "two", policy="two")
        whole = (place / POLICY).read_bytes()
        with capture_logs() as logs:
            # What a store on another machine may hold: told before it is copied whole.
            store, step = watched.store, Roles.promote
            version = give(load_settings(bundles=tmp_path / "other"), "promote", place, step, DEED)
            target = store.folder(version.current)
            (tmp_path / "other" / version.current).rename(target)
            (target / POLICY).write_bytes(whole[:-9])
            store.change("promote", version.current, lambda r: r.promote(version.current), DEED)
            await until(watched.refusals)
        assert watched.policy() == "one"
        assert not watched.panels
        told = [log for log in logs if log["event"] == "bundle.refused"]
        assert [log["bundle"] for log in told] == [version.current]
        assert "differs from the digest" in told[0]["reason"]
        (target / POLICY).write_bytes(whole)
        await until(lambda: watched.panels)
        assert watched.policy() == "two"
        assert watched.refusals() == 1


async def test_a_damaged_store_changes_nothing(tmp_path: Path) -> None:
    """What decides goes on; the next readable act is followed; the same damage is told again."""
    async with watching(tmp_path) as watched:
        acts = watched.store.path / ACTS
        whole = acts.read_bytes()
        for before, after in (("one", "two"), ("two", "three")):
            with capture_logs() as logs:
                acts.write_bytes(whole[:-20])
                await until(lambda: any(log["event"] == "bundle.store_unusable" for log in logs))
            acts.write_bytes(whole)
            assert watched.policy() == before
            promote(watched.settings, make_bundle(tmp_path, after, policy=after))
            await until(lambda after=after: watched.policy() == after)


async def test_a_canary_that_fails_is_withdrawn_for_all(tmp_path: Path) -> None:
    """The store has it with the reason, and the panel after it has none."""
    async with watching(tmp_path) as watched:
        version = try_out(watched.settings, make_bundle(tmp_path, "two", policy="two"))
        await until(lambda: watched.panels)
        assert b'role="candidate"' in watched.metrics.render()
        fail(watched, "because of its looks")
        assert len(watched.panels) == 2, "the old one decides at once"
        assert b'role="candidate"' not in watched.metrics.render()
        fail(watched, "a batch that was under way then")
        await until(lambda: not watched.store.roles().candidate)
        act = watched.store.acts()[-1]
        assert (act.act, act.bundle, act.reason) == ("rollback", version, "because of its looks")
        assert act.author.startswith("worker on ")
        await until(lambda: len(watched.panels) == 3)
        assert watched.metrics.bundles.about().count("\n") == 1
        assert (watched.policy(), watched.refusals()) == ("one", 1)


async def test_a_canary_stays_ended_where_the_store_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this worker; the store goes on to name it."""
    async with watching(tmp_path) as watched:
        try_out(watched.settings, make_bundle(tmp_path, "two", policy="two"))
        await until(lambda: watched.panels)

        change = BundleStore.change

        def read_only(
            store: BundleStore, act: What, bundle: str, step: Callable[[Roles], Roles], deed: Deed
        ) -> Roles:
            if deed.author != DEED.author:
                raise PermissionError(13, "read-only")
            return change(store, act, bundle, step, deed)

        monkeypatch.setattr(BundleStore, "change", read_only)
        with capture_logs() as logs:
            fail(watched, "because")
            await until(lambda: any(log["event"] == "bundle.store_unusable" for log in logs))
        # Another act makes another panel, of roles that still name the candidate.
        shadow = make_bundle(tmp_path, "three", policy="three")
        give(watched.settings, "shadow", shadow, Roles.shadow, DEED)
        await until(lambda: "shadow" in watched.metrics.bundles.about())
        assert watched.store.roles().candidate
        assert "candidate" not in watched.metrics.bundles.about()


def fail(watched: Watched, reason: str) -> None:
    """As a panel does whose canary has failed."""
    roles = watched.store.roles()
    seat = replace(watched.watch.panel.current, bundle=roles.candidate)
    watched.watch.fail(Trial(seat, roles.share, roles.since, Bounds(1, 1, 1, 1)), reason)


async def test_bars_are_handed_on_to_the_next_panel(tmp_path: Path) -> None:
    """A swap forgets nothing that the stream has taught."""
    async with watching(tmp_path) as watched:
        watched.watch.heed(dict.fromkeys(Action, 2.0))
        promote(watched.settings, make_bundle(tmp_path, "two", policy="two"))
        await until(lambda: watched.panels)
        called = watched.panels[0].current.court.called
        assert called(np.ones(2), np.zeros(2, np.int64)).tolist() == [0, 0]


def test_a_worker_does_not_begin_with_a_bundle_that_is_refused(tmp_path: Path) -> None:
    """At the start there is no old one to go on with."""
    settings = load_settings(bundles=tmp_path / "store")
    version = promote(settings, make_bundle(tmp_path, "one"))
    (tmp_path / "store" / version / POLICY).write_bytes(b"")
    with pytest.raises(ConfigurationError, match="differs from the digest"):
        open_watch(settings, Metrics())


def test_a_worker_without_a_store_has_what_settings_name(tmp_path: Path) -> None:
    """It tells its bundle as well."""
    metrics = Metrics()
    watch = open_watch(load_settings(model=make_bundle(tmp_path, policy="own")), metrics)
    assert isinstance(watch, Settled)
    assert watch.panel.current.court.versions[1] == "own"
    engine = watch.panel.current.court.engine
    assert metrics.bundles.about().endswith(f" own on {engine}\n")
    assert f'engine="{engine}"' in metrics.render().decode()


def test_an_empty_store_ends_the_start(tmp_path: Path) -> None:
    """Nothing else is taken in its place."""
    with pytest.raises(ConfigurationError, match="no bundle was promoted yet"):
        open_watch(load_settings(bundles=tmp_path), Metrics())


def test_a_model_of_another_signer_ends_the_start(tmp_path: Path) -> None:
    """Keys hold for what settings name directly, too."""
    _, keys = write_keys(tmp_path)
    with pytest.raises(ModelError, match="not signed"):
        open_watch(load_settings(model=make_bundle(tmp_path), bundle_keys=keys), Metrics())


async def test_the_linker_follows_the_policy_of_what_decides(tmp_path: Path) -> None:
    """A damaged bundle changes nothing, and is told."""
    settings, heard = load_settings(bundles=tmp_path / "store"), list[str]()
    promote(settings, make_bundle(tmp_path, "one", policy="one"))
    async with following_policy(settings, lambda p: heard.append(p.version), every_s=0.002):
        await until(lambda: heard == ["one"])
        version = promote(settings, make_bundle(tmp_path, "two", policy="two"))
        await until(lambda: heard == ["one", "two"])
        with capture_logs() as logs:
            (tmp_path / "store" / version / POLICY).write_bytes(b"")
            give(settings, "shadow", make_bundle(tmp_path, "c", policy="c"), Roles.shadow, DEED)
            await until(lambda: any(log["event"] == "bundle.refused" for log in logs))
        assert heard == ["one", "two"]
