"""The walls of the house: who may import whom, how long a module may be, what it may be called."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from stream import guard

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "schemas": {"schemas"},
    "kyc": {"schemas", "kyc"},
    "scorers": {"schemas", "scorers"},
    "stream": {"schemas", "kyc", "scorers", "stream"},
    "edge": {"schemas", "kyc", "scorers", "stream", "edge"},
    "simulate": {"schemas", "simulate"},
}
# The composition root starts everything, the simulated traffic of the demo too.
_DEMO = ("customers", "run", "story", "traffic", "visitors")
ROOTS = {
    f"stream/{name}.py"
    for name in (
        *("cli", "commands/simulate", "curriculum", "know/curriculum"),
        *(f"demo/{name}" for name in _DEMO),
    )
} | {str(path.relative_to(ROOT)) for path in (ROOT / "stream" / "evaluate").glob("*.py")}
MODULES = {
    path.relative_to(ROOT): path.read_text()
    for package in ALLOWED
    for path in (ROOT / package).rglob("*.py")
}


def imports(text: str) -> Iterator[tuple[int, str]]:
    """The level and top-level name of everything that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name.split(".")[0]) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.level, (node.module or "").split(".")[0]


@cache
def dependencies() -> frozenset[str]:
    """The import names of everything that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in wanted}
    installed = packages_distributions().items()
    return frozenset(name for name, owners in installed if names & {canonical(o) for o in owners})


def canonical(distribution: str) -> str:
    """PEP 503's form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_imports_run_one_way() -> None:
    """A package sees only what lies below it, and no import leans on where its module lies."""
    wrong = []
    for place, text in MODULES.items():
        above = {"edge", "simulate"} if str(place) in ROOTS else set()
        allowed = ALLOWED[place.parts[0]] | above
        for level, name in imports(text):
            if level or (name in ALLOWED and name not in allowed):
                wrong.append((str(place), name))
    assert wrong == []


def test_modules_stay_short() -> None:
    """300 lines are the ceiling."""
    assert [str(m) for m, text in MODULES.items() if len(text.splitlines()) > 300] == []


def test_no_module_is_named_like_a_dependency() -> None:
    """`redis.py` beside `import redis` misleads readers, and scripts run from that folder."""
    assert [str(module) for module in MODULES if module.stem in dependencies()] == []


def test_no_module_is_a_drawer() -> None:
    """Every module is named by its noun."""
    drawers = {"utils", "common", "helpers", "core", "lib", "misc"}
    assert [str(module) for module in MODULES if drawers & {*module.with_suffix("").parts}] == []


def test_the_guard_accepts_our_own_packages() -> None:
    """The names resolve to this source tree."""
    guard.refuse_foreign_packages()


def test_the_guard_refuses_a_shadowed_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A package of our name earlier on the path is named, with what to do."""
    foreign = tmp_path / "kyc" / "__init__.py"
    foreign.parent.mkdir()
    foreign.touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "kyc", raising=False)
    with pytest.raises(
        ConfigurationError, match=f"kyc resolves to {foreign}(?s:.*)environment of its own"
    ):
        guard.refuse_foreign_packages()


def test_the_guard_refuses_a_shared_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another distribution that unpacked into the same folder is named."""
    monkeypatch.setattr(
        guard, "packages_distributions", lambda: {"schemas": ["schemas", "sluicegate"]}
    )
    with pytest.raises(
        ConfigurationError, match="schemas is also installed by the distribution schemas"
    ):
        guard.refuse_foreign_packages()
