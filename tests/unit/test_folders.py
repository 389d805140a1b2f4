"""Folders that are there whole or not at all."""

from pathlib import Path

import pytest

from schemas.folders import whole


def test_a_folder_appears_with_all_that_is_in_it(tmp_path: Path) -> None:
    """Not before, and with nothing left beside it."""
    out = tmp_path / "new" / "out"
    with whole(out) as folder:
        (folder / "file").touch()
        assert not out.exists()
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["file"]


def _write(out: Path, names: str) -> None:
    with whole(out) as folder:
        for name in names:
            (folder / name).mkdir()


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither the folder nor a draft of it."""
    with pytest.raises(FileExistsError):
        _write(tmp_path / "out", "aa")
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_stays(tmp_path: Path) -> None:
    """Two may write one folder at a time; the later one learns that it is there."""
    _write(tmp_path / "out", "a")
    with pytest.raises(OSError, match="not empty"):
        _write(tmp_path / "out", "b")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
