"""Building a bundle: a model's folder and a policy become one folder, signed."""

from pathlib import Path

from schemas.errors import ConfigurationError
from schemas.folders import whole
from schemas.policies import parse_policy
from scorers.inputs import REQUESTS
from scorers.manifest import Content, Manifest, read, write
from scorers.model import Model
from scorers.signature import sign
from stream.bundles.opening import POLICY, RULES
from stream.decide.policy import Policy
from stream.rules.rulebook import Rulebook


def build(
    model: Path, policy: Path, out: Path, *, rules: Path | None = None, key: Path | None = None
) -> Content:
    """Write the bundle `out`, whole or not at all.

    model: the folder of a model, or of another bundle, whose policy and rules give way; rules: a
    file of rules; key: the PEM file of the Ed25519 key that signs.
    Raises ConfigurationError, ModelError, PolicyError and OSError.
    """
    if out.exists():
        raise ConfigurationError(f"{out} exists: a bundle is never written over another")
    held, text = read(model, REQUESTS), policy.read_bytes()
    parse_policy(text, policy, Policy)
    files = {**held.files, POLICY: text}
    files.pop(RULES, None)
    if rules:
        files[RULES] = rules.read_bytes()
        parse_policy(files[RULES], rules, Rulebook)
    manifest = Manifest.describe(
        REQUESTS, held.manifest.calibration, files, held.manifest.training
    ).to_json()
    signature = sign(manifest, key) if key else None
    with whole(out) as draft:
        write(draft, manifest, files, signature)
        Model.load(draft)
    return read(out, REQUESTS)
