"""docs/edge.md and docs/gateways say what the edge does."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from edge.check.doors import CHECK, ENVOY, NGINX, TRAEFIK
from edge.check.verdict import UNKNOWN
from edge.metrics import EdgeMetrics
from stream.edge_settings import FALLBACKS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "edge.md").read_text()
TOLD = {name.decode() for name, _ in UNKNOWN.headers if name.startswith(b"x-")}


def test_every_metric_is_in_the_page() -> None:
    """Who runs it can look up when to look at what, and finds nothing that is gone."""
    families = text_string_to_metric_families(EdgeMetrics().render().decode())
    names = {f.name + "_total" * (f.type == "counter") for f in families}
    exposed = {name for name in names if not name.endswith(("_created", "_created_total"))}
    assert set(re.findall(r"`(sluicegate_edge_\w+)", PAGE)) == exposed


def test_every_metric_has_a_sentence() -> None:
    """What is exposed explains itself."""
    families = list(text_string_to_metric_families(EdgeMetrics().render().decode()))
    assert all(f.documentation.endswith(".") for f in families if "_created" not in f.name)


def test_every_form_and_header_is_in_the_page() -> None:
    """None is hidden."""
    assert all(f"`{header}`" in PAGE for header in TOLD)
    assert all(path in PAGE for path in (CHECK, NGINX, TRAEFIK, ENVOY))
    assert all(f"| `{word}` |" in PAGE for word in FALLBACKS)


@pytest.mark.parametrize(
    ("file", "path"), [("nginx.conf", NGINX), ("envoy.yaml", ENVOY), ("traefik.yaml", TRAEFIK)]
)
def test_every_gateway_asks_at_its_door(file: str, path: str) -> None:
    """With a token, and by the documented port."""
    text = (DOCS / "gateways" / file).read_text()
    assert f"{path}" in text
    assert "127.0.0.1:6070" in text or "port_value: 6070" in text
    assert "TOKEN" in text
    assert re.findall(r"x-account-id", text)


def test_the_example_over_grpc_has_its_port_and_token() -> None:
    """It asks at a port of its own, without a path, and takes no header twice."""
    text = (DOCS / "gateways" / "envoy-grpc.yaml").read_text()
    assert "port_value: 6071" in text
    assert "TOKEN" in text
    assert "encode_raw_headers: true" in text


@pytest.mark.parametrize("file", ["envoy.yaml", "envoy-grpc.yaml", "traefik.yaml"])
def test_the_examples_are_yaml(file: str) -> None:
    """As far as that can be tried without the gateway."""
    assert isinstance(yaml.safe_load((DOCS / "gateways" / file).read_text()), dict)
