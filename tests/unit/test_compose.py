"""The Compose file fits the specification, the settings and the topics' purpose."""

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from stream.settings import Settings
from stream.variables import PREFIX, variable

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
OURS = {name: s for name, s in FILE["services"].items() if s["image"].startswith("sluicegate")}


def test_it_fits_the_specification() -> None:
    """The Compose specification's JSON Schema accepts it."""
    package = distribution("check-jsonschema")
    path = package.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    schema = json.loads(Path(str(path)).read_text())
    jsonschema.Draft7Validator(schema).validate(FILE)


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_a_setting(service: str) -> None:
    """Nothing is set that the worker would refuse."""
    names = {name for name in OURS[service]["environment"] if name.startswith(PREFIX)}
    assert names <= {variable(name) for name in Settings.model_fields}
    assert variable("pepper") in names


def test_every_port_is_on_loopback() -> None:
    """Nothing that it publishes is reachable from another machine."""
    ports = [port for service in FILE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_servers_are_healthy_before_they_are_used() -> None:
    """Whoever depends on a server waits for its health check."""
    for service in OURS.values():
        for name, dependency in service["depends_on"].items():
            healthy = "healthcheck" in FILE["services"][name]
            expected = {"topics": "service_completed_successfully"}.get(name, "service_healthy")
            assert (dependency["condition"], healthy) == (expected, True)


def test_no_secret_is_in_it() -> None:
    """The pepper comes from outside, and its absence is an error."""
    assert all(
        service["environment"][variable("pepper")].startswith("${SLUICEGATE_PEPPER:?")
        for service in OURS.values()
    )


def test_the_gpu_is_a_profile() -> None:
    """Only who asks for the profile gets a worker that reserves a GPU."""
    reserving = [name for name, service in OURS.items() if "deploy" in service]
    assert reserving == ["worker-gpu"]
    assert OURS["worker-gpu"]["profiles"] == ["gpu"]
    scored = {
        name: service["environment"].get(variable("scorer")) for name, service in OURS.items()
    }
    assert {name for name, where in scored.items() if where == "gpu"} == {"worker-gpu"}


def test_every_process_has_a_service() -> None:
    """Each command that runs on is there; what needs a file of yours waits in a profile."""
    running = {name: OURS[name] for name in ("worker", "linker", "audit", "edge", "webhooks")}
    assert all(service["command"][0] == name for name, service in running.items())
    mounted = {n for n, one in running.items() if "/etc/sluicegate" in str(one.get("volumes"))}
    assert mounted == {name for name, service in running.items() if "profiles" in service}


def test_what_is_kept_has_a_volume() -> None:
    """A container that is made anew finds its chains, messages and states."""
    named = {
        volume.partition(":")[0]
        for service in FILE["services"].values()
        for volume in service.get("volumes", [])
        if isinstance(volume, str)
    }
    assert named == set(FILE["volumes"])


def test_images_are_pinned() -> None:
    """Every foreign image names its version."""
    images = [s["image"] for s in FILE["services"].values() if s not in OURS.values()]
    assert all(re.search(r":\d", image) for image in images)


def test_the_image_runs_as_nobody_special() -> None:
    """The Dockerfile drops root, checks health, and takes the runtime as an argument."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER sluicegate" in lines
    assert "ARG RUNTIME=cpu" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
