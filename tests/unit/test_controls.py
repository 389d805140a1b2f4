"""Orders as messages, and the table of those that hold."""

import msgspec
import pytest

from schemas.controls import Allowance, Control, Switch, control_id, decode_control, encode_control
from schemas.decisions import Action
from schemas.errors import MalformedEventError
from stream.controls.table import Controls
from tests.unit.gates import DAY, NOW
from tests.unit.ordered import pin

SHADOW = Switch(mode="shadow", author="kim", reason="a drill", ts=NOW)
MORE = Allowance(
    accounts=0.5, traffic=0.6, author="kim", reason="a ring", ts=NOW, expires_at=NOW + DAY
)


def table(*controls: Control) -> Controls:
    """A table that has taken these orders."""
    one = Controls()
    for control in controls:
        one.take(control)
    return one


@pytest.mark.parametrize("control", [pin(), SHADOW, MORE])
def test_an_order_is_read_as_it_was_written(control: Control) -> None:
    """Its kind is in the message."""
    assert decode_control(encode_control(control)) == control


def test_orders_about_one_thing_share_a_key() -> None:
    """So that compaction keeps the last one, and no other."""
    assert pin().key == pin(action=Action.BLOCK, ts=NOW + 1).key == "override:account:ada"
    assert pin(subject="organisation").key != pin().key
    assert (SHADOW.key, MORE.key) == ("mode", "governor")


def test_each_order_has_an_id_of_its_own() -> None:
    """The same for the same one, another for the next about the same account."""
    assert control_id(pin()) == control_id(pin())
    assert control_id(pin()) != control_id(pin(ts=NOW + 1))


NESTED = b'{"kind": "mode", "later": ' + b"[" * 9_000 + b"]" * 9_000 + b"}"


@pytest.mark.parametrize(
    "message", [b"", b"{}", b'{"kind": "later"}', b"\xff", b"[]", pytest.param(NESTED, id="nested")]
)
def test_what_is_no_order_is_refused(message: bytes) -> None:
    """A kind that is not known here, too: it is of a newer version."""
    with pytest.raises(MalformedEventError):
        decode_control(message)


def test_an_order_without_a_reason_is_refused() -> None:
    """Nobody is punished or spared for nothing."""
    message = msgspec.json.encode(msgspec.to_builtins(SHADOW) | {"reason": ""})
    with pytest.raises(MalformedEventError):
        decode_control(message)


def test_an_override_holds_until_its_end() -> None:
    """By the clock of the events that it is asked about; one that came before it, too."""
    found = table(pin())
    for ts, holds in ((NOW - DAY, True), (NOW, True), (NOW + DAY - 1, True), (NOW + DAY, False)):
        assert (found.find("account", "ada", ts) is not None) is holds


def test_the_last_override_of_a_subject_holds() -> None:
    """The ones before are no more."""
    found = table(pin(), pin(action=Action.BLOCK)).find("account", "ada", NOW)
    assert found == pin(action=Action.BLOCK)


def test_a_lifted_override_holds_no_more() -> None:
    """And those of others go on."""
    found = table(pin(), pin("bob"), pin(lifted=True))
    assert [one.value for one in found.overrides] == ["bob"]
    assert found.find("account", "ada", NOW) is None


def test_an_erased_account_leaves_no_override() -> None:
    """Its tombstone is heard; whoever else is named goes on."""
    found = table(pin(), pin("bob"), pin("ada", subject="organisation"))
    for key in (pin().key, "override:organisation:ada", "appeal:bob", "mode", ""):
        found.forget(key)
    assert [one.value for one in found.overrides] == ["bob", "ada"]


def test_an_override_is_about_its_subject_alone() -> None:
    """An organisation may be named like an account."""
    found = table(pin("acme", subject="organisation"))
    assert found.find("account", "acme", NOW) is None
    assert found.about("organisation") == {"acme": pin("acme", subject="organisation")}


def test_the_mode_is_the_last_switch() -> None:
    """Before anybody has switched, it is the one of the settings."""
    assert Controls("shadow").mode == "shadow"
    assert table(SHADOW).mode == "shadow"
    assert table(SHADOW, msgspec.structs.replace(SHADOW, mode="enforce")).mode == "enforce"


def test_an_allowance_ends() -> None:
    """By its time, or by one that lifts it."""
    assert table(MORE).allowance(NOW) == MORE
    assert table(MORE).allowance(NOW + DAY) is None
    assert table(MORE, msgspec.structs.replace(MORE, lifted=True)).allowance(NOW) is None


def test_a_network_is_told_by_its_hash_alone() -> None:
    """No address stands in an order, and none that is not one ends a worker."""
    message = encode_control(pin()).replace(b'"account"', b'"network"')
    with pytest.raises(MalformedEventError, match="keyed hash"):
        decode_control(message)
