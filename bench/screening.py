"""How well and how fast names are screened: `python -m bench screening --data DIR`.

DIR holds `un_consolidated.xml.gz` and `ofac_{sdn_2019,add,alt}.csv.gz`, public lists that are
no part of the project. Beside sluicegate the same names go through rapidfuzz's
token_sort_ratio from 85 on, as many screen them. Needs the package faker for honest names.

What was tuned was tuned on seeds 1 to 3; the seed here is another.
"""

import argparse
import gzip
import random
import re
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from bench.misspellings import HardPair, alias_pairs, hard_pairs, honest, misspelt
from kyc.lists import ofac, un
from kyc.lists.entries import Entry
from kyc.screening.likeness import compare
from kyc.screening.screener import THRESHOLD, Candidate, Screener, Subject
from kyc.screening.spelling import spell

HELD_OUT = 7_391_118
PEER_THRESHOLD = 85
UN_FILE = "un_consolidated.xml.gz"
OFAC_FILES = ("ofac_sdn_2019.csv.gz", "ofac_add.csv.gz", "ofac_alt.csv.gz")
REPEATS = 3
PEER_NAMES = 300

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Print every table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the lists")
    parser.add_argument("--seed", type=int, default=HELD_OUT)
    parser.add_argument("--honest", type=int, default=50_000, help="honest names")
    parser.add_argument("--pairs", type=int, default=6_000, help="hard pairs of each kind")
    given = parser.parse_args()
    rng = random.Random(given.seed)  # noqa: S311  # no secret, a reproducible sample
    un_entries, all_entries = _lists(given.data)
    names = [(e.key, n) for e in un_entries for n in e.names if n.isascii() and " " in n]
    people = honest(given.honest, given.seed)
    _recall(rng, un_entries, names, people)
    _hard(rng, all_entries, given.pairs)
    _speed(all_entries, people, [name for _, name in names])


def _lists(data: Path) -> tuple[list[Entry], list[Entry]]:
    """The UN's entries, and the UN's and OFAC's together; tells how long reading took."""
    began = time.perf_counter()
    with ExitStack() as stack:
        opened = [stack.enter_context(gzip.open(data / name)) for name in (UN_FILE, *OFAC_FILES)]
        un_entries = un.parse(opened[0]).rows  # type: ignore[arg-type]  # GzipFile reads bytes
        both = un_entries + ofac.parse(opened[1:]).rows  # type: ignore[arg-type]
    read = time.perf_counter() - began
    Screener(both)
    built = time.perf_counter() - began - read
    names = sum(len(e.names) + len(e.weak) for e in both)
    print(f"{len(both):,} entries with {names:,} names: read in {read:.1f} s, ", end="")
    print(f"indexed in {built:.1f} s\n")
    return un_entries, both


def _recall(
    rng: random.Random, entries: list[Entry], names: list[tuple[str, str]], people: list[str]
) -> None:
    """Listed names with slips that are found, and honest names that are taken for listed ones."""
    screener = Screener(entries)
    pool = [name.lower() for _, name in names]
    false = np.mean([bool(found) for found in _screened(screener, people)])
    peer_false = np.mean(_peer_best(people, pool) >= PEER_THRESHOLD)
    print(f"{len(names):,} names of the UN's list, {len(people):,} honest names\n")
    print("| | found, one slip | found, two slips | honest names taken for one |")
    print("| --- | ---: | ---: | ---: |")
    ours, peer = [], []
    for slips in (1, 2):
        asked = [misspelt(rng, name, slips) for _, name in names]
        found = _screened(screener, asked)
        hits = (any(c.key == key for c in cs) for (key, _), cs in zip(names, found, strict=True))
        ours.append(np.mean(list(hits)))
        peer.append(np.mean(_peer_best(asked, pool) >= PEER_THRESHOLD))
    print(f"| sluicegate, from {THRESHOLD} | {ours[0]:.2%} | {ours[1]:.2%} | {false:.3%} |")
    print(f"| token_sort_ratio, from {PEER_THRESHOLD} | {peer[0]:.2%} | {peer[1]:.2%} ", end="")
    print(f"| {peer_false:.3%} |\n")


def _hard(rng: random.Random, entries: list[Entry], count: int) -> None:
    """Areas under the curve of hard pairs, by what makes the same name hard."""
    people = [
        [name for listed in entry.names if " " in (name := _plain(listed)) and name.isascii()]
        for entry in entries
        if entry.person
    ]
    people = [names for names in people if names]
    made = hard_pairs(rng, [name for names in people for name in names], count)
    real = alias_pairs(rng, people, count // 4)
    scorers: dict[str, Callable[[str, str], float]] = {
        "sluicegate": lambda one, other: compare(spell(one), spell(other)).score,
        "token_sort_ratio": fuzz.token_sort_ratio,
        "token_set_ratio": fuzz.token_set_ratio,
        "WRatio": fuzz.WRatio,
    }
    kinds = [*dict.fromkeys(pair.kind for pair in made if pair.same), "all", "real aliases"]
    print(f"{len(made):,} hard pairs, {len(real):,} of real aliases\n")
    print("| AUC | " + " | ".join(kinds) + " |\n| --- |" + " ---: |" * len(kinds))
    for name, scorer in scorers.items():
        areas = [
            _area([p for p in made if kind in {"all", p.kind} or not p.same], scorer)
            for kind in kinds[:-1]
        ]
        print(f"| {name} | " + " | ".join(f"{a:.3f}" for a in [*areas, _area(real, scorer)]) + " |")
    print()


def _speed(entries: list[Entry], people: list[str], listed: list[str]) -> None:
    """CPU time a name in one batch, best of three; names as on the list are the dearest."""
    screener = Screener(entries)
    pool = [name.lower() for entry in entries for name in entry.names + entry.weak]
    batches = {"honest": people[:5_000], "on the list": listed[:2_000]}
    ours = [_micros(partial(_screened, screener, names), len(names)) for names in batches.values()]
    few = [names[:PEER_NAMES] for names in batches.values()]
    peer = [_micros(partial(_peer_best, names, pool), len(names)) for names in few]
    print(f"µs of CPU a name against {len(pool):,} names, one thread\n")
    print("| | " + " | ".join(batches) + " |\n| --- |" + " ---: |" * len(batches))
    for name, cells in (("sluicegate", ours), ("token_sort_ratio, cdist", peer)):
        print(f"| {name} | " + " | ".join(f"{cell:,.0f}" for cell in cells) + " |")


def _plain(name: str) -> str:
    """Letters and spaces: what is written around words tells the pairs apart for no scorer."""
    return " ".join(re.sub(r"[^\w]|\d|_", " ", name.replace("'", "")).split())


def _screened(screener: Screener, names: Sequence[str]) -> list[list[Candidate]]:
    return screener.screen([Subject(name) for name in names])


def _peer_best(names: Sequence[str], pool: Sequence[str]) -> Floats:
    """The likest listed name's ratio of each name, 0 below the threshold."""
    return np.concatenate(
        [
            process.cdist(
                [name.lower() for name in names[start : start + 500]],
                pool,
                scorer=fuzz.token_sort_ratio,
                score_cutoff=PEER_THRESHOLD,
            ).max(axis=1)
            for start in range(0, len(names), 500)
        ]
    )


def _area(pairs: Sequence[HardPair], scorer: Callable[[str, str], float]) -> float:
    """The chance that the same person's pair scores above another's, ties counting half."""
    scores = np.array([scorer(pair.one, pair.other) for pair in pairs])
    same = np.array([pair.same for pair in pairs])
    ordered = np.sort(scores[~same])
    below = np.searchsorted(ordered, scores[same], "left")
    upto = np.searchsorted(ordered, scores[same], "right")
    return float((below + upto).mean() / 2 / len(ordered))


def _micros(work: Callable[[], object], names: int) -> float:
    spans = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        spans.append(time.process_time() - began)
    return min(spans) / names * 1e6


if __name__ == "__main__":
    main()
