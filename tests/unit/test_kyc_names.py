"""Names as they are kept: sealed, for one account, with one pepper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.names import Seal
from kyc.screening.screener import Subject
from schemas.errors import StoreError

SEAL = Seal(b"a pepper for this test")
DOE = Subject("Jane Doe", "1971-03-02", "DE")


@given(st.text(max_size=60), st.text(max_size=60), st.none() | st.just("1971"))
def test_what_is_sealed_can_be_opened(account: str, name: str, born: str | None) -> None:
    """By whoever has the pepper, for the account that it was sealed for."""
    subject = Subject(name, born)
    assert SEAL.open(account, SEAL.close(account, subject)) == subject


def test_what_is_sealed_says_nothing() -> None:
    """Not the name, and not whether two accounts have the same one."""
    sealed = [SEAL.close(account, DOE) for account in ("ada", "ada", "bo")]
    assert len(set(sealed)) == 3
    assert not any(b"Doe" in value for value in sealed)
    assert SEAL.label("ada", DOE) != SEAL.label("bo", DOE)


@pytest.mark.parametrize(
    ("seal", "account"), [(Seal(b"another pepper"), "ada"), (SEAL, "bo")], ids=["pepper", "account"]
)
def test_nobody_else_opens_it(seal: Seal, account: str) -> None:
    """Another pepper, or another account, has another key."""
    with pytest.raises(StoreError, match="broken, or of another pepper"):
        seal.open(account, SEAL.close("ada", DOE))


@given(st.binary(max_size=80))
def test_any_bytes_are_opened_or_refused(value: bytes) -> None:
    """What was damaged is told as such."""
    with pytest.raises(StoreError, match="broken"):
        SEAL.open("ada", value)


def test_the_same_subject_has_one_label() -> None:
    """So that it is kept once, however often it is told."""
    assert SEAL.label("ada", DOE) == SEAL.label("ada", Subject("Jane Doe", "1971-03-02", "DE"))
    assert SEAL.label("ada", DOE) != SEAL.label("ada", Subject("Jane Doe"))
