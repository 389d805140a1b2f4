"""The manifest of a bundle: what it is made of, and the digests that prove it.

A bundle is one folder: a model and, where it has them, the policy and whatever else is swapped
with the model. The model's version is the digest of all that decides a score (its files, feature
list, calibration), so equal versions give equal scores; the bundle's version is the digest of the
manifest, and so of everything.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from schemas.errors import ModelError
from scorers.calibration import Calibration
from scorers.inputs import Inputs

FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
BOOSTER: Final = "booster.ubj"
MARGIN: Final = "margin.onnx"
CONTRIBUTIONS: Final = "contributions.onnx"
GOLDEN: Final = "golden.npz"
# Gives the bits of MARGIN on a GPU: no part of the version, and not needed on a CPU.
MARGIN_GPU: Final = "margin_gpu.onnx"
MODEL: Final = (BOOSTER, MARGIN, CONTRIBUTIONS)
FILES: Final = (*MODEL, GOLDEN)

# A name has no separator and begins with no dot: it cannot lead out of the folder, nor hide in it.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.[a-z0-9]{1,16}")
_RESERVED: Final = {MANIFEST, SIGNATURE}
_MOST_FILES: Final = 32
# The shipped bundles have less than 1 MB; a bound, so that a wrong path does not fill the memory.
_MOST_BYTES: Final = 256 << 20


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle's folder says about itself; version: of the model, files: name -> sha256."""

    format: int
    version: str
    features: tuple[str, ...]
    feature_hash: str
    calibration: Calibration
    files: dict[str, str]
    training: dict[str, Any]  # the model card: facts of the training and its evaluation

    @classmethod
    def describe(
        cls,
        inputs: Inputs,
        calibration: Calibration,
        files: Mapping[str, bytes],
        training: Mapping[str, Any],
    ) -> "Manifest":
        """The manifest of these files; the version follows from them."""
        digests = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
        return cls(
            FORMAT,
            _version(inputs.digest, calibration, digests),
            inputs.names,
            inputs.digest,
            calibration,
            digests,
            dict(training),
        )

    def to_json(self) -> bytes:
        """The bytes of `manifest.json`, which are what is signed."""
        fields = msgspec.structs.asdict(self) | {"calibration": self.calibration._asdict()}
        return json.dumps(fields, indent=2).encode() + b"\n"


class Content(NamedTuple):
    """A folder as it was read, once; signature: of `text`, None where there is none."""

    manifest: Manifest
    text: bytes
    signature: bytes | None
    files: dict[str, bytes]

    @property
    def version(self) -> str:
        """Of the bundle."""
        return bundle_version(self.text)


def bundle_version(text: bytes) -> str:
    """The version of the bundle whose `manifest.json` is `text`."""
    return f"bundle-{hashlib.sha256(text).hexdigest()[:12]}"


def read(folder: Path, inputs: Inputs) -> Content:
    """The manifest and the bytes of every file that it lists, each read once and checked.

    Raises ModelError when a file is missing, altered or too large, the manifest is of another
    format, or the model was made for another feature list.
    """
    text = _bytes(folder / MANIFEST)
    manifest = _parse(text, folder)
    if (manifest.feature_hash, manifest.features) != (inputs.digest, inputs.names):
        raise ModelError(
            f"{folder}: made for the feature list {manifest.feature_hash[:12]}, this program has "
            f"{inputs.digest[:12]}: train a model with `{inputs.command}`"
        )
    files = {name: _bytes(folder / name) for name in sorted(manifest.files)}
    found = Manifest.describe(inputs, manifest.calibration, files, manifest.training)
    for name, digest in found.files.items():
        if manifest.files[name] != digest:
            raise ModelError(f"{folder / name}: differs from the digest in {MANIFEST}")
    if manifest.version != found.version:
        raise ModelError(f"{folder}: version {manifest.version} is not that of its files")
    signed = folder / SIGNATURE
    return Content(manifest, text, _bytes(signed) if signed.exists() else None, files)


def write(
    folder: Path, text: bytes, files: Mapping[str, bytes], signature: bytes | None = None
) -> None:
    """Write into an empty folder what `read` reads; `text` is the manifest's. Raises OSError."""
    signed = {} if signature is None else {SIGNATURE: signature}
    for name, content in {**files, **signed, MANIFEST: text}.items():
        (folder / name).write_bytes(content)


def peek(folder: Path) -> Manifest:
    """The manifest alone, of whatever feature list. Raises ModelError when it is none."""
    return _parse(_bytes(folder / MANIFEST), folder)


def _parse(text: bytes, folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise ModelError(f"{folder}: manifest format {fields['format']}, must be {FORMAT}")
        fields["calibration"] = Calibration(**fields["calibration"])
        manifest = msgspec.convert(fields, Manifest)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{path}: not a manifest ({error!r})") from error
    _refuse_names(manifest.files, path)
    return manifest


def _refuse_names(names: Collection[str], path: Path) -> None:
    if wrong := [name for name in names if not _NAME.fullmatch(name) or name in _RESERVED]:
        raise ModelError(f"{path}: lists {wrong[0]!r}, which is no name of a bundle's file")
    if missing := [name for name in FILES if name not in names]:
        raise ModelError(f"{path}: lists no {missing[0]}")
    if len(names) > _MOST_FILES:
        raise ModelError(f"{path}: lists {len(names)} files, at most {_MOST_FILES}")


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path}: more than {_MOST_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error


def _version(feature_hash: str, calibration: Calibration, digests: Mapping[str, str]) -> str:
    # JSON writes a float so that it reads back the same, on every platform.
    model = [(name, digest) for name, digest in sorted(digests.items()) if name in MODEL]
    decides = json.dumps([feature_hash, list(calibration), model])
    return f"xgboost-{hashlib.sha256(decides.encode()).hexdigest()[:12]}"
