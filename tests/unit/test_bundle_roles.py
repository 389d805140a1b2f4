"""Roles of bundles: who may follow whom, and what an act leaves of the roles before."""

import msgspec
import pytest

from schemas.errors import ConfigurationError
from stream.bundles.roles import MOST_SHADOWS, Roles

A, B, C = (f"bundle-{letter * 12}" for letter in "abc")
ALONE = Roles(current=A)


def test_what_was_current_is_the_one_before() -> None:
    """A promotion can be undone, and the undone one is not what comes next."""
    promoted = ALONE.promote(B)
    assert (promoted.current, promoted.previous) == (B, A)
    assert promoted.roll_back() == Roles(current=A)


def test_a_promotion_ends_the_canary_and_keeps_other_shadows() -> None:
    """A canary was compared with what decided before; a shadow that is promoted is none."""
    roles = ALONE.shadow(B).shadow(C).promote(B)
    assert roles == Roles(current=B, previous=A, shadows=(C,))
    assert ALONE.try_out(B, 0.1, 7).promote(C).candidate == ""


def test_the_first_rollback_ends_the_canary_only() -> None:
    """What decides goes on."""
    roles = ALONE.promote(B).try_out(C, 0.1, 7)
    assert (roles.candidate, roles.share, roles.since) == (C, 0.1, 7)
    assert roles.roll_back() == Roles(current=B, previous=A)


def test_a_shadow_is_withdrawn_by_its_version() -> None:
    """The others stay."""
    assert ALONE.shadow(B).shadow(C).withdraw(B) == Roles(current=A, shadows=(C,))


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: ALONE.promote(A), "is the current bundle already"),
        (lambda: Roles().try_out(A, 0.1, 7), "promote one first"),
        (lambda: Roles().shadow(A), "promote one first"),
        (lambda: ALONE.try_out(A, 0.1, 7), "is the current bundle"),
        (lambda: ALONE.try_out(B, 0.0, 7), "above 0 and below 1"),
        (lambda: ALONE.try_out(B, 1.0, 7), "above 0 and below 1"),
        (lambda: ALONE.try_out(B, 0.1, 7).shadow(B), "candidate or a shadow already"),
        (ALONE.roll_back, "nothing to undo"),
        (lambda: ALONE.withdraw(B), "neither the candidate nor a shadow"),
        (lambda: ALONE.withdraw(""), "neither the candidate nor a shadow"),
    ],
)
def test_acts_that_make_no_sense_are_refused(act: object, says: str) -> None:
    """With what is in the way."""
    with pytest.raises(ConfigurationError, match=says):
        act()  # type: ignore[operator]


def test_shadows_are_bounded() -> None:
    """Each of them scores every event once more."""
    roles = ALONE
    for number in range(MOST_SHADOWS):
        roles = roles.shadow(f"bundle-{number:012x}")
    with pytest.raises(ConfigurationError, match="withdraw one"):
        roles.shadow(B)


@pytest.mark.parametrize("name", ["../../etc", "bundle-short", f"{A}\n", f"{A}/..", "/bundle-1"])
def test_a_role_names_a_version_and_no_path(name: str) -> None:
    """The file of roles cannot lead out of the store."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"current": name}, Roles)
