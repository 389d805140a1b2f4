"""What Linux knows of a process: CPU seconds and memory, from /proc."""

import os
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
CORES: Final = 2


def use_two_cores() -> None:
    """Keep this process, and what it starts from now on, on two cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads, s. OSError when it has ended."""
    return _cpu_seconds(Path(f"/proc/{pid}/stat"))


def thread_cpu_seconds(pid: int) -> dict[int, float]:
    """User and system time by thread, s; the main thread's number is the process's."""
    return {
        int(task.name): _cpu_seconds(task / "stat") for task in Path(f"/proc/{pid}/task").iterdir()
    }


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def children(pid: int) -> set[int]:
    """The processes that `pid` has started and that still run."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(_fields(stat)[1])
        except OSError:  # it has ended meanwhile
            continue
        if parent == pid:
            found.add(int(stat.parent.name))
    return found


def processor() -> str:
    """The processor's name, as /proc/cpuinfo has it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


def _cpu_seconds(stat: Path) -> float:
    fields = _fields(stat)
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _fields(stat: Path) -> list[str]:
    """Everything after the name, which may hold spaces: state, parent, …  See proc(5)."""
    return stat.read_text().rpartition(")")[2].split()
