"""Bundles: built, signed and opened whole, or refused with what is wrong."""

import json
import subprocess
from pathlib import Path

import pytest

from schemas.errors import ConfigurationError, ModelError, PolicyError
from scorers.golden import Golden
from scorers.inputs import REQUESTS
from scorers.manifest import FILES, GOLDEN, MANIFEST, SIGNATURE, Manifest, read, write
from scorers.shipped import SHIPPED
from stream.bundles.building import build
from stream.bundles.opening import POLICY, Opener, open_chosen
from stream.bundles.promotion import give, place_of, roll_back
from stream.bundles.roles import Deed, Roles
from stream.bundles.store import ACTS, BundleStore
from stream.settings import Settings, load_settings
from tests.unit.bundled import make_bundle, write_keys, write_model, write_policy

DEED = Deed("ada", "because", 1_790_000_000_000)


def opener(keys: Path | None = None) -> Opener:
    return Opener(load_settings(bundle_keys=keys))


def promote(settings: Settings, place: Path) -> Roles:
    return give(settings, "promote", place, Roles.promote, DEED)


def test_a_bundle_is_opened_whole(tmp_path: Path) -> None:
    """Model and policy are those that it was built of, and its version follows from all."""
    place = make_bundle(tmp_path, policy="2030-1")
    bundle = opener().open(place)
    assert bundle.policy.version == "2030-1"
    assert bundle.model.version == read(tmp_path / "bundle-model", REQUESTS).manifest.version
    assert bundle.version == read(place, REQUESTS).version


def test_any_part_changes_the_version(tmp_path: Path) -> None:
    """Another policy, another model: another bundle. The same parts: the same."""
    parts = [
        make_bundle(tmp_path / "a"),
        make_bundle(tmp_path / "b", trees=4),
        make_bundle(tmp_path / "c", policy="other"),
        make_bundle(tmp_path / "d"),
    ]
    first, *others, same = (opener().open(place).version for place in parts)
    assert len({first, *others}) == 3
    assert same == first


def test_a_build_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    """Its draft lies beside what is built next."""
    (tmp_path / ".bundle.draft").mkdir()
    assert make_bundle(tmp_path).exists()


def test_a_signed_bundle_is_opened_by_its_key_among_several(tmp_path: Path) -> None:
    """Keys are rotated by naming both for a while."""
    private, public = write_keys(tmp_path)
    _, other = write_keys(tmp_path, "other")
    both = tmp_path / "both.pem"
    both.write_bytes(other.read_bytes() + public.read_bytes())
    place = make_bundle(tmp_path, key=private)
    assert opener(both).open(place).policy.version == "test"


def test_openssl_verifies_a_signature(tmp_path: Path) -> None:
    """The format is nobody's own."""
    private, public = write_keys(tmp_path)
    place = make_bundle(tmp_path, key=private)
    told = ("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin")
    files = ("-in", place / MANIFEST, "-sigfile", place / SIGNATURE)
    assert b"Success" in subprocess.run([*told, *files], check=True, capture_output=True).stdout


def test_a_strangers_signature_is_refused(tmp_path: Path) -> None:
    """A wrong key, whoever's it is."""
    private, _ = write_keys(tmp_path)
    _, other = write_keys(tmp_path, "other")
    with pytest.raises(ModelError, match="signed by none of the trusted keys"):
        opener(other).open(make_bundle(tmp_path, key=private))


def test_an_unsigned_bundle_is_refused_where_keys_are_trusted(tmp_path: Path) -> None:
    """Taking the signature away does not help."""
    private, public = write_keys(tmp_path)
    place = make_bundle(tmp_path, key=private)
    (place / SIGNATURE).unlink()
    with pytest.raises(ModelError, match="not signed"):
        opener(public).open(place)


def test_a_policy_changed_with_its_digest_fails_the_signature(tmp_path: Path) -> None:
    """Whoever mends the manifest after a change cannot mend the signature."""
    private, public = write_keys(tmp_path)
    place = make_bundle(tmp_path, key=private)
    content = read(place, REQUESTS)
    changed = content.files[POLICY].replace(b"hysteresis: 0.8", b"hysteresis: 0.1")
    files = {**content.files, POLICY: changed}
    told = Manifest.describe(REQUESTS, content.manifest.calibration, files, {})
    write(place, told.to_json(), files)
    assert opener().open(place).policy.version == "test"
    with pytest.raises(ModelError, match="changed since"):
        opener(public).open(place)


@pytest.mark.parametrize("name", [*FILES, POLICY])
def test_a_tampered_file_is_refused(tmp_path: Path, name: str) -> None:
    """One flipped bit in any part."""
    place = make_bundle(tmp_path)
    content = bytearray((place / name).read_bytes())
    content[len(content) // 2] ^= 1
    (place / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: differs from the digest"):
        opener().open(place)


def test_golden_rows_that_are_off_are_refused(tmp_path: Path) -> None:
    """Digests in order, and yet this runtime gives other scores."""
    place = make_bundle(tmp_path)
    content = read(place, REQUESTS)
    golden = Golden.parse(content.files[GOLDEN], len(REQUESTS.names))
    moved = golden._replace(scores=golden.scores + 3e-6).to_bytes()
    files = {**content.files, GOLDEN: moved}
    told = Manifest.describe(REQUESTS, content.manifest.calibration, files, {})
    write(place, told.to_json(), files)
    with pytest.raises(ModelError, match="golden rows: scores are off"):
        opener().open(place)


def test_a_model_without_a_policy_is_no_bundle_that_decides(tmp_path: Path) -> None:
    """What training writes lacks the other half."""
    with pytest.raises(ModelError, match=r"holds no policy.yaml: `sluicegate bundle build`"):
        opener().open(write_model(tmp_path / "model"))


def test_a_bundle_with_a_broken_policy_is_not_built(tmp_path: Path) -> None:
    """And nothing is left behind."""
    policy = write_policy(tmp_path / "policy.yaml", hysteresis=7)
    with pytest.raises(PolicyError, match="hysteresis"):
        build(write_model(tmp_path / "model"), policy, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"model", "policy.yaml"}


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_keys_that_are_none_are_an_error(tmp_path: Path, content: bytes) -> None:
    """Never: no keys, so everything is trusted."""
    path = tmp_path / "keys.pem"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="no public key in it"):
        opener(path)


def test_a_key_that_cannot_sign_is_an_error(tmp_path: Path) -> None:
    """The public half, by mistake."""
    _, public = write_keys(tmp_path)
    with pytest.raises(ConfigurationError, match="no private key"):
        make_bundle(tmp_path, key=public)


def test_settings_name_one_source() -> None:
    """A store, or a model and a policy: not both."""
    with pytest.raises(ConfigurationError, match="SLUICEGATE_BUNDLES: not together"):
        load_settings(bundles="store", model="model")


def test_what_ships_decides_where_nothing_is_named() -> None:
    """And is part of the program: it needs no signature."""
    bundle = open_chosen(load_settings())
    assert bundle.model.version == json.loads((SHIPPED / MANIFEST).read_text())["version"]


def test_a_named_model_needs_a_signature_where_keys_are_trusted(tmp_path: Path) -> None:
    """There is no way around the keys by naming a folder instead of a store."""
    _, public = write_keys(tmp_path)
    model = write_model(tmp_path / "model")
    with pytest.raises(ModelError, match="not signed"):
        open_chosen(load_settings(model=model, bundle_keys=public))


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    """A worker does not begin with something else."""
    with pytest.raises(ConfigurationError, match="`sluicegate bundle promote` makes one"):
        open_chosen(load_settings(bundles=tmp_path))


def test_the_store_keeps_what_is_promoted(tmp_path: Path) -> None:
    """The folder that was promoted may go; who acted and why is written down."""
    settings = load_settings(bundles=tmp_path / "store")
    first, second = (make_bundle(tmp_path, name, policy=name) for name in ("one", "two"))
    promote(settings, first)
    roles = promote(settings, second)
    (first / POLICY).unlink()
    assert open_chosen(settings).policy.version == "two"
    assert roll_back(settings, "", DEED).current == roles.previous
    assert open_chosen(settings).policy.version == "one"
    acts = BundleStore(tmp_path / "store").acts()
    told = [(act.act, act.bundle, act.author, act.reason, act.at) for act in acts]
    assert [one[0] for one in told] == ["promote", "promote", "rollback"]
    assert told[2] == ("rollback", roles.current, "ada", "because", DEED.now)


def test_a_signature_that_comes_later_is_kept(tmp_path: Path) -> None:
    """The same bundle, promoted unsigned once, is taken where keys are trusted now."""
    key, public = write_keys(tmp_path)
    settings = load_settings(bundles=tmp_path / "store")
    promote(settings, make_bundle(tmp_path / "a", "one", policy="one"))
    promote(settings, make_bundle(tmp_path / "a", "two", policy="two"))
    trusting = load_settings(bundles=tmp_path / "store", bundle_keys=public)
    promote(trusting, make_bundle(tmp_path / "b", "one", policy="one", key=key))
    assert open_chosen(trusting).policy.version == "one"


def test_a_promotion_mends_what_was_damaged_in_the_store(tmp_path: Path) -> None:
    """What is promoted is what is kept, whatever lay there."""
    settings = load_settings(bundles=tmp_path / "store")
    one, two = (make_bundle(tmp_path, name, policy=name) for name in ("one", "two"))
    version = promote(settings, one).current
    promote(settings, two)
    (tmp_path / "store" / version / POLICY).write_bytes(b"")
    promote(settings, one)
    assert open_chosen(settings).policy.version == "one"
    assert not list((tmp_path / "store").glob(".bundle*"))


def test_a_bundle_that_must_not_be_served_is_not_promoted(tmp_path: Path) -> None:
    """The store stays as it is."""
    settings = load_settings(bundles=tmp_path / "store")
    place = make_bundle(tmp_path)
    (place / POLICY).write_text("version: evil")
    with pytest.raises(ModelError):
        promote(settings, place)
    assert not (tmp_path / "store").exists()


def test_two_policies_of_one_version_are_refused(tmp_path: Path) -> None:
    """Decisions name the version: they would be one to whoever reads them."""
    settings = load_settings(bundles=tmp_path / "store")
    promote(settings, make_bundle(tmp_path, "one"))
    with pytest.raises(ConfigurationError, match="but has its version test"):
        promote(settings, make_bundle(tmp_path, "two", hysteresis=0.5))


def test_a_rollback_to_what_was_damaged_is_refused(tmp_path: Path) -> None:
    """What decides goes on."""
    settings = load_settings(bundles=tmp_path / "store")
    promote(settings, make_bundle(tmp_path, "one", policy="one"))
    roles = promote(settings, make_bundle(tmp_path, "two", policy="two"))
    (tmp_path / "store" / roles.previous / POLICY).write_text("")
    with pytest.raises(ModelError, match="differs from the digest"):
        roll_back(settings, "", DEED)
    assert BundleStore(tmp_path / "store").roles() == roles


def test_a_folder_of_the_store_under_another_version_is_refused(tmp_path: Path) -> None:
    """Whoever may rename folders cannot let another bundle pass for the promoted one."""
    settings = load_settings(bundles=tmp_path / "store")
    one = promote(settings, make_bundle(tmp_path, "one", policy="one")).current
    two = promote(settings, make_bundle(tmp_path, "two", policy="two")).current
    store = tmp_path / "store"
    (store / two).rename(store / "aside")
    (store / one).rename(store / two)
    with pytest.raises(ModelError, match=f"holds {one}"):
        open_chosen(settings)


def test_a_bundle_is_named_by_folder_or_version(tmp_path: Path) -> None:
    """And never by a path that leads out of the store."""
    settings = load_settings(bundles=tmp_path / "store")
    place = make_bundle(tmp_path)
    version = promote(settings, place).current
    assert place_of(str(place), settings) == place
    assert place_of(version, settings) == tmp_path / "store" / version
    with pytest.raises(ConfigurationError, match="neither a folder nor a bundle"):
        place_of("bundle-ffffffffffff", settings)


@pytest.mark.parametrize("text", ["{", '{"at": 1}\n', '{"roles": {"current": "../.."}}\n'])
def test_a_file_of_acts_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    """Nothing is guessed."""
    (tmp_path / ACTS).write_text(text)
    with pytest.raises(ConfigurationError, match=ACTS):
        BundleStore(tmp_path).roles()


def test_the_line_that_is_no_act_is_named(tmp_path: Path) -> None:
    """A store with it takes no promotion either: it is to be mended by hand."""
    settings = load_settings(bundles=tmp_path / "store")
    promote(settings, make_bundle(tmp_path))
    with (settings.bundles / ACTS).open("a") as acts:
        acts.write("garbage")
    with pytest.raises(ConfigurationError, match=r"line 2 is no act: .*; restore it"):
        BundleStore(settings.bundles).roles()


def test_every_act_has_another_stamp(tmp_path: Path) -> None:
    """A watcher that looks at the stamp alone misses nothing."""
    settings = load_settings(bundles=tmp_path / "store")
    store = BundleStore(tmp_path / "store")
    stamps = [store.stamp()]
    for name in ("one", "two"):
        promote(settings, make_bundle(tmp_path, name, policy=name))
        stamps.append(store.stamp())
    assert len(set(stamps)) == 3


def test_an_addition_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """A draft of before is swept aside."""
    store = BundleStore(tmp_path / "store")
    content = read(make_bundle(tmp_path), REQUESTS)
    draft = tmp_path / "store" / f".{content.version}"
    draft.mkdir(parents=True)
    (draft / "rest").write_text("of before")
    store.add(content)
    assert read(store.folder(content.version), REQUESTS).version == content.version
    assert not (store.folder(content.version) / "rest").exists()
