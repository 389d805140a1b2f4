"""The manifest of a model's folder: what the model is made of, and the digests that prove it.

The version is the digest of all that decides a score (files, feature list, calibration), so
equal versions give equal scores and an edited calibration is noticed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import ModelError
from scorers.calibration import Calibration
from scorers.inputs import Inputs

FORMAT = 1
MANIFEST = "manifest.json"
BOOSTER = "booster.ubj"
MARGIN = "margin.onnx"
CONTRIBUTIONS = "contributions.onnx"
FILES = (BOOSTER, MARGIN, CONTRIBUTIONS)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model's folder says about itself."""

    version: str
    feature_hash: str
    calibration: Calibration
    files: Mapping[str, str]  # name -> sha256
    training: Mapping[str, Any]  # the model card: facts of the training and its evaluation

    @classmethod
    def describe(
        cls,
        feature_hash: str,
        calibration: Calibration,
        files: Mapping[str, bytes],
        training: Mapping[str, Any],
    ) -> "Manifest":
        """The manifest of these files; the version follows from them."""
        digests = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
        version = _version(feature_hash, calibration, digests)
        return cls(version, feature_hash, calibration, digests, training)

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        fields = {
            "format": FORMAT,
            "version": self.version,
            "feature_hash": self.feature_hash,
            "calibration": self.calibration._asdict(),
            "files": dict(self.files),
            "training": dict(self.training),
        }
        return json.dumps(fields, indent=2) + "\n"


def read(folder: Path, inputs: Inputs) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the bytes of every file, each read once and checked.

    Raises ModelError when a file is missing or altered, the manifest is of another format, or
    the model was made for another feature list.
    """
    manifest = _parse(_bytes(folder / MANIFEST), folder)
    if manifest.feature_hash != inputs.digest:
        raise ModelError(
            f"{folder}: made for the feature list {manifest.feature_hash[:12]}, this program has "
            f"{inputs.digest[:12]}: train a model with `{inputs.command}`"
        )
    files = {name: _bytes(folder / name) for name in FILES}
    found = Manifest.describe(inputs.digest, manifest.calibration, files, manifest.training)
    for name in FILES:
        if manifest.files.get(name) != found.files[name]:
            raise ModelError(f"{folder / name}: differs from the digest in {MANIFEST}")
    if manifest.version != found.version:
        raise ModelError(f"{folder}: version {manifest.version} is not that of its files")
    return manifest, files


def _parse(text: bytes, folder: Path) -> Manifest:
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise ModelError(f"{folder}: manifest format {fields['format']}, must be {FORMAT}")
        slope, intercept = fields["calibration"]["slope"], fields["calibration"]["intercept"]
        return Manifest(
            version=str(fields["version"]),
            feature_hash=str(fields["feature_hash"]),
            calibration=Calibration(float(slope), float(intercept)),
            files=dict(fields["files"]),
            training=dict(fields["training"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / MANIFEST}: not a manifest ({error!r})") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error


def _version(feature_hash: str, calibration: Calibration, digests: Mapping[str, str]) -> str:
    # JSON writes a float so that it reads back the same, on every platform.
    decides = json.dumps([feature_hash, list(calibration), sorted(digests.items())])
    return f"xgboost-{hashlib.sha256(decides.encode()).hexdigest()[:12]}"
