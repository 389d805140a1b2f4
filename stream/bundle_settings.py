"""The settings of model, policy and the bundles that hold both; a part of Settings."""

from pathlib import Path
from typing import Self

from pydantic import Field, FilePath, model_validator

from scorers import Device
from stream.rules_settings import RulesSettings
from stream.variables import variable


class BundleSettings(RulesSettings):
    """Which model and policy decide, whose bundles are trusted, and when a canary has failed."""

    policy: FilePath | None = Field(
        None, description="Policy file (YAML); none: the model's bundle's own, or the shipped one."
    )
    model: Path | None = Field(None, description="Model bundle's folder; none: the shipped one.")
    scorer: Device = Field(
        "cpu",
        description="Where requests are scored. `gpu` needs the extra of that name and an NVIDIA "
        "GPU; a worker that finds none refuses to start.",
    )
    bundles: Path | None = Field(
        None,
        description="Store of bundles (`sluicegate bundle promote`) in place of model and policy: "
        "a folder that workers watch.",
    )
    bundle_keys: FilePath | None = Field(
        None,
        description="PEM file of the Ed25519 public keys that are trusted: a bundle that none of "
        "them has signed is refused. None: unsigned bundles are taken.",
    )
    canary_events: int = Field(
        10_000,
        ge=100,
        description="Events of the canary's accounts from one judgement to the next.",
    )
    canary_actions: float = Field(
        0.01,
        gt=0,
        le=1,
        description="Most that the share of events that call for an action may differ between "
        "canary and current bundle; beyond it the canary ends.",
    )
    canary_scores: float = Field(
        0.25,
        gt=0,
        description="Most that the scores of both may differ, as PSI over 20 bins.",
    )
    canary_latency: float = Field(
        3.0,
        gt=1,
        description="How many times as long as the current bundle the canary may take to score "
        "the same rows.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.bundles and (self.model or self.policy or self.rules):
            # Two answers to what decides: somebody believes in the one that is not taken.
            raise ValueError(
                f"{variable('bundles')}: not together with {variable('model')}, "
                f"{variable('policy')} or {variable('rules')}"
            )
        return self
