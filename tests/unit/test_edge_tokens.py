"""Tokens: printed once, kept as hashes, checked whole, revoked by their line."""

from pathlib import Path

import pytest

from edge.tokens import LOOK_S, Grant, Keyring, Scope, create_token, read_grants
from schemas.errors import ConfigurationError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def bearer(token: str) -> bytes:
    return f"Bearer {token}".encode()


def test_a_token_opens_with_its_scope(file: Path) -> None:
    """Who shows it is known by name and scope."""
    token = create_token(file, "gateway", Scope.ACT)
    grant = Keyring(file).grant(bearer(token))
    assert grant is not None
    assert (grant.name, grant.scope) == ("gateway", Scope.ACT)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (Scope.CHECK, {Scope.CHECK}),
        (Scope.READ, {Scope.READ}),
        (Scope.ACT, {Scope.CHECK, Scope.READ, Scope.ACT}),
        (Scope.ADMIN, set(Scope)),
    ],
)
def test_a_scope_holds_what_its_holder_needs(scope: Scope, allowed: set[Scope]) -> None:
    """A gateway does not read, a dashboard takes from no quota."""
    grant = Grant("x", scope, b"")
    assert {one for one in Scope if grant.may(one)} == allowed


def test_the_file_does_not_hold_the_token(file: Path) -> None:
    """Who reads the file cannot show what is in it."""
    token = create_token(file, "gateway", Scope.ACT)
    assert token not in file.read_text()
    digest = file.read_text().split()[2]
    assert Keyring(file).grant(bearer(digest)) is None


def test_only_its_owner_reads_the_file(file: Path) -> None:
    """Hashes are no secret, but nobody needs them."""
    create_token(file, "gateway", Scope.ACT)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("given", [b"", b"Bearer", b"Bearer ", b"Basic %s", b"%s", b"Bearer %s "])
def test_anything_else_is_refused(file: Path, given: bytes) -> None:
    """The whole token, letter for letter, after its scheme."""
    token = create_token(file, "gateway", Scope.ACT).encode()
    assert Keyring(file).grant(given.replace(b"%s", token)) is None


def test_the_scheme_is_read_in_any_case(file: Path) -> None:
    """RFC 9110 leaves it to the caller."""
    token = create_token(file, "gateway", Scope.ACT)
    assert Keyring(file).grant(f"bearer {token}".encode()) is not None


def test_a_token_taken_out_is_revoked(file: Path) -> None:
    """The file is read again when it has changed, without a restart."""
    clock = [0.0]
    token = create_token(file, "gateway", Scope.ACT)
    keyring = Keyring(file, lambda: clock[0])
    file.write_text("# nobody\n")
    assert keyring.grant(bearer(token)) is not None
    clock[0] += LOOK_S
    assert keyring.grant(bearer(token)) is None


@pytest.mark.parametrize("content", ["nonsense\n", None])
def test_a_file_that_cannot_be_read_changes_nothing(file: Path, content: str | None) -> None:
    """Half-written or gone, it locks nobody out; the log tells of it."""
    clock = [0.0]
    token = create_token(file, "gateway", Scope.ACT)
    keyring = Keyring(file, lambda: clock[0])
    file.unlink()
    if content is not None:
        file.write_text(content)
    clock[0] += LOOK_S
    assert keyring.grant(bearer(token)) is not None


def test_a_name_is_given_once(file: Path) -> None:
    """Two tokens of one name could not be told apart when one is to be revoked."""
    create_token(file, "gateway", Scope.ACT)
    with pytest.raises(ConfigurationError, match="named gateway already"):
        create_token(file, "gateway", Scope.READ)


def test_a_line_left_open_is_ended(file: Path) -> None:
    """An editor may leave the last one so: the next token must not stand on it."""
    token = create_token(file, "gateway", Scope.CHECK)
    file.write_text(file.read_text().rstrip("\n"))
    other = create_token(file, "kim", Scope.ACT)
    keyring = Keyring(file)
    assert [keyring.grant(bearer(one)) is not None for one in (token, other)] == [True, True]


@pytest.mark.parametrize("name", ["", "two words", "a\nb act", "x" * 65])
def test_a_name_fits_its_line(file: Path, name: str) -> None:
    """A name cannot break out of its field."""
    with pytest.raises(ConfigurationError, match="a name has"):
        create_token(file, name, Scope.ACT)


def test_a_wrong_line_is_named(file: Path) -> None:
    """With the file and its number."""
    file.write_text("# tokens\n\ngateway root abc\n")
    with pytest.raises(ConfigurationError, match=r"tokens:3: "):
        read_grants(file)
