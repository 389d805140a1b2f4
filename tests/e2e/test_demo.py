"""The demo runs by itself, ends by itself, and leaves nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

PATIENCE_S = 180.0
GONE_WITHIN_S = 60.0

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="looks for what is left behind in /proc"
)


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo as a terminal runs it: in a process group of its own."""

    process: "subprocess.Popen[str]"
    folder: Path  # for its temporary files

    def left(self) -> list[str]:
        """Temporary files, and processes that run in their folders."""
        processes = [
            f"{pid}: {_read(pid / 'cmdline')}"
            for pid in Path("/proc").glob("[0-9]*")
            if _read_link(pid / "cwd").startswith(str(self.folder))
        ]
        return [*processes, *(path.name for path in self.folder.iterdir())]

    def accounts(self) -> int:
        """How many keys its store holds; 0 while there is none."""
        for path in self.folder.glob("*/store.sock"):
            try:
                with redis.Redis(unix_socket_path=str(path)) as store:
                    return int(store.dbsize())  # type: ignore[arg-type]  # not awaited here
            except redis.ConnectionError:
                return 0
        return 0


@pytest.fixture
def demo() -> Iterator[Demo]:
    """The demo of the small scenario; killed at the end if it still runs."""
    # Not pytest's folder: a socket's path may have 107 bytes, 103 on macOS.
    with TemporaryDirectory(prefix="sg-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "stream", "demo", "--scenario", "small", "--seed", "3"],
            env=os.environ | {"TMPDIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield Demo(process, Path(folder))
        finally:
            process.kill()
            process.communicate()


def test_the_demo_ends_by_itself(demo: Demo) -> None:
    """With its story and exit code 0, and nothing is left."""
    told, _ = demo.process.communicate(timeout=PATIENCE_S)
    assert demo.process.returncode == 0, told
    assert "The strictest action per account" in told
    for part in ("The ring:", "The honest:", "At the API behind the edge", "events in"):
        assert part in told
    assert demo.left() == []


@pytest.mark.parametrize("moment", ["starting", "running"])
def test_ctrl_c_leaves_nothing_behind(demo: Demo, moment: str) -> None:
    """While the servers start, and in the middle of traffic."""
    begun = {"starting": lambda: any(demo.folder.iterdir()), "running": lambda: demo.accounts() > 9}
    _await(begun[moment])
    os.killpg(demo.process.pid, signal.SIGINT)
    told, _ = demo.process.communicate(timeout=GONE_WITHIN_S)
    assert demo.process.returncode == 130, told
    assert "Traceback" not in told
    assert demo.left() == []


def test_a_killed_demo_leaves_nothing_running(demo: Demo) -> None:
    """Not even when it has no chance to clean up."""
    _await(lambda: demo.accounts() > 9)
    demo.process.kill()
    _await(lambda: demo.left() == [])


def _await(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.05)


def _read(path: Path) -> str:
    try:
        return path.read_text().replace("\0", " ")
    except OSError:
        return "ended"


def _read_link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:  # it ended, or is not ours
        return ""
