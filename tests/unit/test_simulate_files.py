"""Scenarios on disk, and the wall around the simulator."""

import ast
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import simulate
from schemas.ndjson import read_lines
from simulate.files import write
from simulate.scenarios import SCENARIOS

TINY = replace(SCENARIOS["small"], accounts=30, days=0.5)


def test_files_are_the_same_to_the_byte(tmp_path: Path) -> None:
    """Two runs of one scenario write equal files."""
    one, two = write(TINY, tmp_path / "one"), write(TINY, tmp_path / "two")
    for name in ("accounts", "requests", "labels", "truth"):
        assert getattr(one, name).read_bytes() == getattr(two, name).read_bytes()


@pytest.mark.parametrize("suffix", [".ndjson", ".ndjson.gz", ".ndjson.zst"])
def test_counts_are_lines(tmp_path: Path, suffix: str) -> None:
    """What is reported as written can be read back."""
    done = write(TINY, tmp_path, suffix)
    for name in ("account", "request", "label"):
        lines = list(read_lines(getattr(done, f"{name}s")))
        assert len(lines) == getattr(done, f"{name}_events")
        assert all("event_id" in msgspec.json.decode(line) for line in lines)


def test_truth_names_everybody(tmp_path: Path) -> None:
    """The truth has one line per account, with all that is known of it."""
    done = write(TINY, tmp_path)
    truths = [msgspec.json.decode(line) for line in read_lines(done.truth)]
    assert len(truths) == done.members == TINY.accounts
    assert all(
        t.keys() == {"account_id", "cohort", "abusive", "campaign", "begins", "innocent"}
        for t in truths
    )


def test_progress_ends_at_one(tmp_path: Path) -> None:
    """Progress grows up to 1, and counts the requests."""
    calls: list[tuple[int, float]] = []
    done = write(TINY, tmp_path, progress=lambda n, share: calls.append((n, share)))
    assert len(calls) > 2
    assert calls == sorted(calls)
    assert calls[-1] == (done.request_events, 1.0)


def test_simulator_imports_only_schemas() -> None:
    """Generator and detector share no code but the schemas."""
    folder = Path(str(simulate.__file__)).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            roots = {name.split(".")[0] for name in names}
            assert not roots & {"kyc", "scorers", "stream", "edge", "bench"}, path
