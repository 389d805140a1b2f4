"""What a detector is worth without a part of what it sees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulate.scenarios import Scenario
from stream.link.kinds import FACETS


@dataclass(frozen=True, slots=True)
class Ablation:
    """Fields that nothing fills in, of requests and of account events alike; no account events at
    all without `identity`; `blind`: kinds of links that are worked out, and not looked for."""

    fields: tuple[str, ...] = ()
    identity: bool = True
    blind: frozenset[str] = frozenset()

    def applied(self, scenario: Scenario) -> Scenario:
        """The same traffic, but for the fields."""
        hidden = dict.fromkeys(self.fields, 0.0)
        return replace(scenario, provider=scenario.provider | hidden)


ABLATIONS: Mapping[str, Ablation] = {
    "identity": Ablation(("org_id",), identity=False),
    "network": Ablation(("ip", "asn", "country", "device_id", "user_agent", "tls_fingerprint")),
    "templates": Ablation(("template_hash", "prompt_simhash", "system_hash")),
    "behaviour": Ablation(blind=frozenset(FACETS)),
}
