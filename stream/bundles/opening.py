"""Opening a bundle: signature, digests, features, golden rows, policy; all of it, or nothing."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from schemas.errors import ConfigurationError, ModelError
from schemas.policies import parse_policy
from scorers.inputs import REQUESTS
from scorers.manifest import Content, read
from scorers.model import Model
from scorers.shipped import SHIPPED as SHIPPED_MODEL
from scorers.signature import Keys, refuse_strangers, trusted
from stream.bundles.store import BundleStore
from stream.decide.policy import SHIPPED as SHIPPED_POLICY
from stream.decide.policy import Policy, load_policy
from stream.settings import Settings
from stream.variables import variable

POLICY: Final = "policy.yaml"
RULES: Final = "rules.yaml"

if TYPE_CHECKING:  # needs an SQL parser, which who has no rules need not wait for
    from stream.rules.rulebook import Rulebook

log = structlog.get_logger()


class Bundle(NamedTuple):
    """What decides, as one. version: of the bundle; its parts have their own."""

    version: str
    model: Model
    policy: Policy
    rulebook: "Rulebook | None"


class Opener:
    """Opens bundles as settings trust them."""

    def __init__(self, settings: Settings) -> None:
        self._keys: Keys | None = trusted(settings.bundle_keys) if settings.bundle_keys else None
        self._device = settings.scorer

    def read(self, folder: Path) -> Content:
        """A bundle's content, of a trusted signer. Raises ModelError."""
        content = read(folder, REQUESTS)
        if self._keys is None:
            _tell_unsigned(content.version)
        else:
            refuse_strangers(content, self._keys, folder)
        return content

    def open(self, folder: Path) -> Bundle:
        """A bundle that holds a policy, proven and warm. Raises ModelError or PolicyError."""
        return self.of(self.read(folder), folder)

    def of(self, content: Content, folder: Path) -> Bundle:
        """The bundle whose content was read from `folder`. Raises as `open`."""
        policy = policy_of(content, folder)
        if policy is None:
            raise ModelError(f"{folder}: holds no {POLICY}: `sluicegate bundle build` adds one")
        rulebook = _rulebook(content.files.get(RULES), folder / RULES)
        model = Model.of(content, folder, device=self._device)
        return Bundle(content.version, model, policy, rulebook)

    def kept(self, store: BundleStore, version: str) -> Bundle:
        """A bundle of the store; its folder's name must be its version. Raises as `open`."""
        bundle = self.open(store.folder(version))
        if bundle.version != version:
            raise ModelError(f"{store.folder(version)}: holds {bundle.version}")
        return bundle


def open_chosen(settings: Settings) -> Bundle:
    """What settings name: the store's current bundle, or a model and a policy.

    Raises ModelError, PolicyError, or ConfigurationError where nothing was promoted yet.
    """
    if settings.bundles:
        return Opener(settings).kept(*_current(settings.bundles))
    content, folder = _chosen(settings)
    rules = settings.rules
    rulebook = _rulebook(rules.read_bytes() if rules else content.files.get(RULES), rules or folder)
    model = Model.of(content, folder, device=settings.scorer)
    return Bundle(content.version, model, chosen_policy(settings), rulebook)


def chosen_content(settings: Settings) -> Content:
    """The files of the model that `open_chosen` opens. Raises ModelError, ConfigurationError."""
    return _chosen(settings)[0]


def chosen_policy(settings: Settings) -> Policy:
    """The policy of `open_chosen` alone: for the linker, and where there is no model yet.

    Raises as `open_chosen`.
    """
    if settings.policy or not (settings.bundles or settings.model):
        return load_policy(settings.policy or SHIPPED_POLICY)
    content, folder = _chosen(settings)
    return policy_of(content, folder) or load_policy(SHIPPED_POLICY)


def policy_of(content: Content, folder: Path) -> Policy | None:
    """A bundle's own policy, None where it has none. Raises PolicyError."""
    text = content.files.get(POLICY)
    return None if text is None else parse_policy(text, folder / POLICY, Policy)


def _chosen(settings: Settings) -> tuple[Content, Path]:
    if settings.bundles:
        store, version = _current(settings.bundles)
        folder = store.folder(version)
    elif settings.model:
        folder = settings.model
    else:
        # The shipped model is part of the program: who can change it can change this line.
        return read(SHIPPED_MODEL, REQUESTS), SHIPPED_MODEL
    return Opener(settings).read(folder), folder


def _current(path: Path) -> tuple[BundleStore, str]:
    store = BundleStore(path)
    current = store.roles().current
    if not current:
        raise ConfigurationError(
            f"{variable('bundles')}: {path} has no current bundle; "
            "`sluicegate bundle promote` makes one"
        )
    return store, current


def _rulebook(text: bytes | None, path: Path) -> "Rulebook | None":
    if text is None:
        return None
    from stream.rules.rulebook import Rulebook  # noqa: PLC0415 - see above

    return parse_policy(text, path, Rulebook)


@cache
def _tell_unsigned(version: str) -> None:
    log.warning("bundle.not_verified", bundle=version, remedy=f"set {variable('bundle_keys')}")
