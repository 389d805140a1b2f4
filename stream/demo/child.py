"""A child process that never outlives us: it ends with its block, and when we are killed.

A watcher beside the child holds the reading end of a pipe from us, and a pipe that closes
without a word means that we are dead.
"""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import ConfigurationError

STOP_LIMIT_S: Final = 10.0
POLL_S: Final = 0.01

# $1 is the child's folder, the rest its command line. `exec` makes the child's pid ours to wait
# for. PR_SET_PDEATHSIG would do without a watcher, but only on Linux, and it follows the thread
# that forked rather than the process.
WATCHED: Final = """
folder=$1; shift
exec 3<&0 </dev/null
(read -r farewell <&3 || { kill -KILL $$; rm -rf -- "$folder"; }) &
exec 3<&-
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child; `what` names it for a person, `ready` tells whether it can be used."""

    what: str
    process: subprocess.Popen[bytes]
    log: Path
    ready: Callable[[], bool]

    def await_ready(self, limit: float) -> None:
        """Return once it is ready. Raises ConfigurationError when it ends before that, or is not
        ready within the limit (s)."""
        deadline = time.monotonic() + limit
        while not self.ready():
            self.refuse_ended()
            if time.monotonic() > deadline:
                raise ConfigurationError(f"{self.what} did not start within {limit:.0f} s")
            time.sleep(POLL_S)

    def refuse_ended(self) -> None:
        """Raise ConfigurationError, with the end of its log, when it has ended."""
        if self.process.poll() is not None:
            last = self.log.read_text("utf-8", "replace").strip()[-800:]
            raise ConfigurationError(f"{self.what} ended ({self.process.returncode}): {last}")


@contextmanager
def child(
    what: str,
    command: list[str],
    folder: Path,
    ready: Callable[[], bool],
    *,
    environ: Mapping[str, str],
) -> Iterator[Child]:
    """Run `command` in `folder` for as long as the block lasts; it may not be ready yet."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - a program of ours or of our own extras
            ["/bin/sh", "-c", WATCHED, "sh", str(folder), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=dict(environ),
            start_new_session=True,  # Ctrl-C reaches us, and we stop the child
        )
    try:
        yield Child(what, process, log, ready)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # The farewell sends the watcher home; without it, it would kill a pid that is free again.
    process.communicate(b"stopped\n")
