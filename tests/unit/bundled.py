"""Bundles for the tests: small models that differ, signed with a key of the tests' own."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from schemas.features import FEATURE_NAMES, feature_hash
from scorers.calibration import Calibration
from scorers.export import contribution_graph, facts, margin_graph
from scorers.golden import Golden
from scorers.grid import quantise
from scorers.inputs import REQUESTS
from scorers.manifest import BOOSTER, CONTRIBUTIONS, GOLDEN, MARGIN, Manifest, write
from stream.bundles.building import build
from tests.unit.gates import POLICY
from tests.unit.scorers_table import booster_document, made_up_rows, reloaded


@cache
def model_files(trees: int, intercept: float) -> dict[str, bytes]:
    """The files of a small model."""
    document, bits = quantise(booster_document(trees, 2))
    booster, rows = reloaded(document), made_up_rows(200, seed=8)
    truth = bytes(booster.save_raw("ubj"))
    told = facts(FEATURE_NAMES, feature_hash(), truth)
    margins = booster.inplace_predict(rows, predict_type="margin")
    return {
        BOOSTER: truth,
        MARGIN: margin_graph(document, bits, told),
        CONTRIBUTIONS: contribution_graph(document, bits, told),
        GOLDEN: Golden.choose(rows, Calibration(1.0, intercept).score(margins)).to_bytes(),
    }


def write_model(folder: Path, trees: int = 3, intercept: float = 0.0) -> Path:
    """A model's folder, as training writes it."""
    folder.mkdir(parents=True)
    files = model_files(trees, intercept)
    card = {"evaluation": {"auc": 0.9 + trees / 1_000}}
    manifest = Manifest.describe(REQUESTS, Calibration(1.0, intercept), files, card)
    write(folder, manifest.to_json(), files)
    return folder


def write_policy(path: Path, version: str = "test", **changes: Any) -> Path:
    """A policy file."""
    path.write_text(yaml.safe_dump(POLICY | {"version": version} | changes))
    return path


def write_keys(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A private key's file and its public key's."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    told = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(told)
    return private, public


def make_bundle(
    folder: Path,
    name: str = "bundle",
    *,
    trees: int = 3,
    intercept: float = 0.0,
    policy: str = "test",
    key: Path | None = None,
    **changes: Any,
) -> Path:
    """A whole bundle under `folder`; another `policy` is another version of it."""
    model = write_model(folder / f"{name}-model", trees, intercept)
    rules = write_policy(folder / f"{name}.yaml", policy, **changes)
    build(model, rules, folder / name, key=key)
    return folder / name
