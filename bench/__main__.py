"""All measurements in bounded sizes, within ten minutes: `python -m bench`, as `make bench`.

Prints Markdown for docs/benchmarks.md; each table under the command that makes it alone.
`python -m bench NAME …` is `python -m bench.NAME …`, for one that needs data (screening) too.
"""

import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.processes import processor

MEASUREMENTS = (
    ("Throughput", "bench.throughput", "--warm", "300000", "--events", "400000", "--peers", "10"),
    ("Latency", "bench.latency", "--warm", "100000", "--rate", "10000", "--seconds", "60"),
    ("Swap of bundles", "bench.swap", "--warm", "20000", "--rate", "2000", "--swaps", "6"),
    ("Cost by known accounts", "bench.scaling"),
    ("Memory of an account", "bench.memory"),
    ("Profile", "bench.profile", "--accounts", "10000", "--events", "100000"),
    ("Scoring", "bench.scoring"),
    ("Rules", "bench.rules", "--events", "60000"),
    ("Controls", "bench.controls", "--events", "20000"),
    ("Sign-ups", "bench.signups"),
    ("Account events", "bench.accounts", "--accounts", "3000"),
    ("Linker", "bench.linking", "--accounts", "4000"),
    ("Webhooks", "bench.webhooks", "--seconds", "20"),
    ("Check", "bench.check", "--seconds", "10", "--requests", "20000"),
)
PACKAGES = ("faust-streaming", "aiokafka", "numpy", "onnxruntime", "redis", "hiredis")
LIMIT_S = 300


def one(name: str, *options: str) -> int:
    """Run a measurement alone; its exit code."""
    command = [sys.executable, "-m", f"bench.{name}", *options]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own command


def main() -> int:
    """Run all, one after another; the exit code is 1 when one failed."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python = sys.version.split()[0]
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processor()}, 2 cores; Python {python}")
    print(versions)
    failed = 0
    for title, module, *options in MEASUREMENTS:
        command = ["python", "-m", module, *options]
        print(f"\n## {title}\n`{' '.join(command)}`\n", flush=True)
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, *command[1:]],
            cwd=Path(__file__).parents[1],
            timeout=LIMIT_S,
            check=False,
        )
        failed += done.returncode != 0
        print(f"{title}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(one(*sys.argv[1:]) if len(sys.argv) > 1 else main())
