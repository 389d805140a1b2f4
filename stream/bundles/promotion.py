"""Giving a bundle a role, and taking it back: opened and proven first, then kept, then told."""

from collections.abc import Callable
from pathlib import Path

from schemas.errors import ConfigurationError, PolicyError
from stream.bundles.opening import POLICY, Bundle, Opener
from stream.bundles.roles import Deed, Roles, What
from stream.bundles.store import BundleStore
from stream.decide.policy import load_policy
from stream.settings import Settings
from stream.variables import variable


def store_of(settings: Settings) -> BundleStore:
    """The store that settings name. Raises ConfigurationError where they name none."""
    if settings.bundles is None:
        raise ConfigurationError(f"{variable('bundles')}: needed, the folder of the store")
    return BundleStore(settings.bundles)


def place_of(named: str, settings: Settings) -> Path:
    """The folder of a bundle that is named by its path or, in the store, by its version."""
    kept = settings.bundles / named if settings.bundles and Path(named).name == named else None
    for place in (kept, Path(named)):
        if place and place.is_dir():
            return place
    raise ConfigurationError(f"{named}: neither a folder nor a bundle of the store")


def give(
    settings: Settings,
    act: What,
    place: Path,
    step: Callable[[Roles, str], Roles],
    deed: Deed,
) -> Roles:
    """Take the bundle in `place` into the store and let it have the role that `step` gives.

    Raises ModelError or PolicyError when it must not be served, ConfigurationError and OSError.
    """
    store, opener = store_of(settings), Opener(settings)
    content = opener.read(place)
    bundle = opener.of(content, place)
    _refuse_namesake(store, bundle)
    store.add(content)
    return store.change(act, bundle.version, lambda roles: step(roles, bundle.version), deed)


def roll_back(settings: Settings, named: str, deed: Deed) -> Roles:
    """End the canary, else let the bundle before decide again; `named`: end that one's role.

    Raises ConfigurationError where there is nothing to end, and as `give`.
    """
    store = store_of(settings)
    roles = store.roles()
    if named:
        return store.change("rollback", named, lambda roles: roles.withdraw(named), deed)
    if roles.previous and not roles.candidate:
        Opener(settings).kept(store, roles.previous)
    ending = roles.candidate or roles.current
    return store.change("rollback", ending, Roles.roll_back, deed)


def _refuse_namesake(store: BundleStore, bundle: Bundle) -> None:
    """Decisions name the policy's version: two policies of one version would be one to a reader."""
    current = store.roles().current
    if not current:
        return
    try:
        held = load_policy(store.folder(current) / POLICY)
    except PolicyError:  # of another release of this program: it cannot be compared
        return
    if held.version == bundle.policy.version and held != bundle.policy:
        raise ConfigurationError(
            f"the policy is not that of {current}, but has its version {held.version}: "
            "give it another one"
        )
