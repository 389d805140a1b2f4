"""Signatures of bundles: Ed25519 over the bytes of the manifest, which holds every digest.

The signature is the bare 64 bytes, so that `openssl pkeyutl -verify -rawin` can check it, too.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from schemas.errors import ConfigurationError, ModelError
from scorers.manifest import SIGNATURE, Content

_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)

Keys = Sequence[Ed25519PublicKey]


def sign(text: bytes, key: Path) -> bytes:
    """The signature of a manifest by a private key's PEM file. Raises ConfigurationError."""
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{key}: no private key without a password: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigurationError(f"{key}: not an Ed25519 key; `openssl genpkey -algorithm ed25519`")
    return private.sign(text)


def trusted(path: Path) -> Keys:
    """The public keys of a PEM file, one or several. Raises ConfigurationError."""
    found = [_public(block, path) for block in _PUBLIC.findall(path.read_bytes())]
    if not found:
        raise ConfigurationError(f"{path}: no public key in it; `openssl pkey -pubout` writes one")
    return found


def refuse_strangers(content: Content, keys: Keys, place: Path) -> None:
    """Raise ModelError unless one of `keys` has signed the bundle that was read from `place`."""
    if content.signature is None:
        raise ModelError(f"{place}: not signed (no {SIGNATURE}), and there are trusted keys")
    if not any(_verifies(key, content.signature, content.text) for key in keys):
        raise ModelError(f"{place}: signed by none of the trusted keys, or changed since")


def _public(block: bytes, path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{path}: a public key that cannot be read: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{path}: a public key that is not Ed25519")
    return key


def _verifies(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True
