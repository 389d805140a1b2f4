"""What the linker holds in memory, how fast it folds touches, and how long a search takes.

    python -m bench.linking [--accounts 25000] [--touches 12]

Made-up accounts: each keeps eight values, most of them its own, and shows a new network with
every touch. Memory is that of this process, before and after. The last line is the linker itself
on such touches, a day of them, with its searches.
"""

import argparse
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from bench.processes import processor, use_two_cores
from schemas.features import CONDUCT_NAMES
from stream.link.kinds import KIND
from stream.link.ledger import Ledger
from stream.link.linker import Linker
from stream.link.touches import Touch, Value
from stream.link.weighing import Weights

NOW: Final = 1_780_000_000_000
DAY_MS: Final = 86_400_000
KEPT: Final = ("card", "device", "template", "email_domain", "user_agent", "asn", "referrer", "bin")
# A card is its account's alone, a user agent everybody's: how many values there are for each 100
# accounts.
VARIETY: Final = (90, 80, 40, 10, 3, 1, 1, 1)
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def touches(accounts: int, each: int, *, bare: bool = False) -> Iterator[Touch]:
    """Touches of all accounts in turn, over a day; `bare`: without values."""
    rng = np.random.default_rng(1)
    rows = rng.random((256, len(CONDUCT_NAMES))).astype(np.float16)
    step = DAY_MS // (accounts * each)
    for number in range(accounts * each):
        account = number % accounts
        shown: list[Value] = [] if bare else _values(account, accounts, number)
        yield Touch(
            account_id=f"acc_{account:016x}",
            event_id=f"evt_{number:016x}",
            partition=0,
            ts=NOW + number * step,
            score=0.1,
            peak=0.1,
            requests=number // accounts + 1,
            tokens=1_000,
            tier=0,
            begun=NOW - DAY_MS,
            established=account % 10 > 0,
            country="DE",
            model="model-1",
            row=rows[account % 256].tobytes(),
            values=shown,
        )


def _values(account: int, accounts: int, number: int) -> list[Value]:
    kept = (
        (KIND[kind], (1 << 40) + account % max(accounts * variety // 100, 1))
        for kind, variety in zip(KEPT, VARIETY, strict=True)
    )
    return [*kept, (KIND["subnet"], (1 << 41) + number)]


def memory(accounts: int, each: int) -> str:
    """A line: bytes of an account, and of an account's use of a value."""
    ledger, before = Ledger(), resident()
    for touch in touches(accounts, 1, bare=True):
        ledger.fold(touch)
    bare = resident()
    for touch in touches(accounts, each):
        ledger.fold(touch)
    uses = sum(len(ledger.values_of(account)) for account in range(accounts))
    return (
        f"{(bare - before) / accounts:,.0f} bytes an account; "
        f"{(resident() - bare) / uses:,.0f} bytes a use, {uses:,} uses of {ledger.values:,} values"
    )


def speed(accounts: int, each: int) -> str:
    """A line: touches a second, and what a search takes."""
    linker, folding, searches = Linker(Weights.load(), 0.75), 0.0, []
    for touch in touches(accounts, each):
        began = perf_counter()
        searched = linker.fold(touch).searched
        spent = perf_counter() - began
        folding += 0.0 if searched else spent
        searches += [spent] if searched else []
    rate = (accounts * each - len(searches)) / folding
    return (
        f"{rate:,.0f} touches a second; {len(searches)} searches in a day, "
        f"the last one {searches[-1]:.2f} s"
    )


def main() -> None:
    """Measure once, print two lines."""
    parser = argparse.ArgumentParser(prog="python -m bench.linking")
    parser.add_argument("--accounts", type=int, default=25_000)
    parser.add_argument("--touches", type=int, default=12)
    options = parser.parse_args()
    use_two_cores()
    print(f"{processor()}; {options.accounts:,} accounts, {options.touches} touches each")
    print(memory(options.accounts, options.touches))
    print(speed(options.accounts, options.touches))


if __name__ == "__main__":
    main()
