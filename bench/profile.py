"""Where a worker's time goes: `python -m bench.profile`.

The event loop's thread runs under cProfile while the worker works off a filled topic, and time
is told by module: a built-in's counts for the module that called it. cProfile makes Python calls
dearer and leaves array operations alone, so shares shift towards code of many small calls; the
stages of bench.throughput are the undistorted figure.
"""

import argparse
import asyncio
import cProfile
import pstats
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

from bench.events import fill, interleaved, requests
from bench.rig import open_rig, running
from bench.throughput import LIMIT_S, work_off
from stream.settings import load_settings
from stream.worker import run

ROOT = Path(__file__).parents[1]
ROWS = 20
# While nothing is to be done the loop waits here.
IDLE = "<method 'poll' of 'select.epoll' objects>"
Function = tuple[str, int, str]


def measure(accounts: int, events: int) -> tuple[Counter[str], Counter[str]]:
    """Microseconds of the event loop's thread, less what it waited: by module, by function."""
    with open_rig("embedded", "embedded") as rig:
        traffic = interleaved(list(islice(requests(accounts), events)))
        asyncio.run(fill(rig.settings, traffic))
        target = rig.folder / "profile"
        with running(rig, "-m", "bench.profile", "--worker", str(target)) as worker:
            work_off(worker, events, LIMIT_S, "profiled")
        return _sums(pstats.Stats(str(target)))


def _sums(stats: pstats.Stats) -> tuple[Counter[str], Counter[str]]:
    modules: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    table: dict[Function, tuple[int, int, float, float, dict[Function, tuple[float, ...]]]]
    table = stats.stats  # type: ignore[attr-defined]  # not in typeshed
    for function, (_, _, own, _, callers) in table.items():
        path, _, name = function
        if name == IDLE:
            continue
        functions[f"{_module(path)} {name}"] += round(1e6 * own)
        if path != "~":
            modules[_module(path)] += round(1e6 * own)
        for (caller, _, _), counts in callers.items() if path == "~" else ():
            modules[_module(caller)] += round(1e6 * counts[2])
    return modules, functions


def _module(path: str) -> str:
    file = Path(path)
    if file.is_relative_to(ROOT) and "site-packages" not in file.parts:
        return str(file.relative_to(ROOT))
    if "site-packages" in file.parts:
        return file.parts[file.parts.index("site-packages") + 1]
    return "built-in" if path == "~" else f"Python's {file.stem}"


def table(sums: Counter[str], what: str) -> str:
    """Markdown: the ROWS that take most."""
    rows = [f"| {what} | share |", "| --- | ---: |"]
    total = sums.total()
    rows += [f"| `{name}` | {own / total:.1%} |" for name, own in sums.most_common(ROWS)]
    return "\n".join(rows)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        profiler = cProfile.Profile()
        code = profiler.runcall(run, load_settings())
        profiler.dump_stats(given.worker)
        sys.exit(code)
    modules, functions = measure(given.accounts, given.events)
    print(table(modules, "module"), table(functions, "function"), sep="\n\n")


if __name__ == "__main__":
    main()
