"""What decides: a bundle, or model, policy and rules by themselves."""

import time

from schemas.errors import ConfigurationError, ModelError, PolicyError
from scorers.model import Model
from scorers.shipped import SHIPPED as SHIPPED_MODEL
from stream.bundles.opening import chosen_content, open_chosen
from stream.decide.policy import SHIPPED as SHIPPED_POLICY
from stream.decide.policy import load_policy
from stream.doctor.check import Check, Verdict
from stream.settings import Settings
from stream.variables import variable


def check_deciding(settings: Settings) -> list[Check]:
    """The bundle; without one the policy, the model and the rules."""
    if settings.bundles is None:
        return [_policy(settings), _model(settings), _rules(settings)]
    try:
        bundle = open_chosen(settings)
    except ConfigurationError as error:
        remedy = "mend that; else promote a bundle that `sluicegate bundle verify` accepts"
        return [Check("bundle", Verdict.FAIL, str(error), remedy)]
    what = f"{bundle.version}: {bundle.model.version}, policy {bundle.policy.version}"
    if settings.bundle_keys is None:
        remedy = f"sign bundles, and name the public keys in {variable('bundle_keys')}"
        return [Check("bundle", Verdict.WARN, f"{what}; no keys are trusted", remedy)]
    return [Check("bundle", Verdict.OK, what)]


def _policy(settings: Settings) -> Check:
    try:
        policy = load_policy(settings.policy or SHIPPED_POLICY)
    except PolicyError as error:
        remedy = f"correct the file that {variable('policy')} names"
        return Check("policy", Verdict.FAIL, str(error), remedy)
    return Check("policy", Verdict.OK, policy.version)


def _model(settings: Settings) -> Check:
    try:
        content, folder = chosen_content(settings), settings.model or SHIPPED_MODEL
        model = Model.of(content, folder, device=settings.scorer)
    except ModelError as error:
        remedy = f"train one with `sluicegate train`, and name its folder in {variable('model')}"
        if settings.scorer == "gpu":
            remedy = f"see that a GPU is there, or unset {variable('scorer')}; or {remedy}"
        return Check("model", Verdict.FAIL, str(error), remedy)
    except ConfigurationError as error:
        remedy = f"install sluicegate[gpu] in place of [cpu], or unset {variable('scorer')}"
        return Check("model", Verdict.FAIL, str(error), remedy)
    return Check("model", Verdict.OK, f"{model.version} on {model.engine}")


def _rules(settings: Settings) -> Check:
    if settings.rules is None:
        return Check("rules", Verdict.OK, "no file is named")
    from stream.rules.rulebook import load_rulebook  # noqa: PLC0415 - brings an SQL parser

    try:
        rulebook = load_rulebook(settings.rules)
    except PolicyError as error:
        remedy = f"correct the file that {variable('rules')} names"
        return Check("rules", Verdict.FAIL, str(error), remedy)
    now = time.time() * 1_000
    ended = [name for name, rule in rulebook.rules.items() if rule.ends <= now]
    if ended:
        what, remedy = f"{', '.join(ended)}: expired", "take them out, or give them another date"
        return Check("rules", Verdict.WARN, what, remedy)
    return Check("rules", Verdict.OK, f"{len(rulebook.rules):,} of them")
