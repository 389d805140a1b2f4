"""Fit the simulator's constants to public traces of real LLM APIs, and check the simulator on them.

    python bench/fit.py [DIRECTORY]        (or TRACES=DIRECTORY)

DIRECTORY holds `servegen/client_windows.csv.gz`, `servegen/client_token_summaries.csv.gz`
(Alibaba's ServeGen, Apache-2.0), `azure_llm_2023/AzureLLMInferenceTrace_{code,conv}.csv`
(CC-BY 4.0), `mooncake/conversation_trace.jsonl.gz` and `lmsys_vtc/real_trace.csv`. Without it
there is nothing to fit: the command says so and ends with 0.
"""

import csv
import gzip
import io
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.ndjson import open_reader
from simulate import scenarios
from simulate.arrivals import Clock
from simulate.honest.businesses import ApiBusinesses
from simulate.roster import Roster
from simulate.tokens import tokens_of
from simulate.world import World

Floats = NDArray[np.float64]
Row = dict[str, str]

QUANTILES = (5, 25, 50, 75, 95)
# Days each group of ServeGen's clients was watched.
DAYS = {"m-large": 14, "m-mid": 14, "m-small": 14}
_WINDOW_S = 600.0


def rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file, plain or gzip."""
    with open_reader(path) as lines:
        yield from csv.DictReader(io.TextIOWrapper(lines))


def show(name: str, values: Floats, places: int = 2) -> None:
    """One line of quantiles, and the mean and spread of the logarithms where all are positive."""
    quantiles = " ".join(f"{q:>11,.{places}f}" for q in np.percentile(values, QUANTILES))
    logs = np.log(np.maximum(values, 1e-9))
    print(f"{name:<44}{quantiles}   ln {logs.mean():6.2f} ± {logs.std():.2f}")


def clients(directory: Path) -> dict[tuple[str, str], list[Row]]:
    """ServeGen's windows by (model, client)."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(directory / "servegen/client_windows.csv.gz"):
        found[row["model"], row["client"]].append(row)
    return found


def _rates(windows: list[Row]) -> Floats:
    return np.array([float(w["rate_rps"]) for w in windows])


def _profile(windows: list[Row], period: int, bins: int) -> Floats:
    at = np.array([int(w["t_s"]) for w in windows]) % (period * bins) // period
    share = np.bincount(at, _rates(windows), bins)
    return np.asarray(share / share.sum() * bins)


def fit_clients(by_client: dict[tuple[str, str], list[Row]]) -> None:
    """Rates, bursts, gaps, hours and days of the week."""
    watched = {key: DAYS.get(key[0], 1) for key in by_client}
    per_day = {k: _rates(w).sum() * _WINDOW_S / watched[k] for k, w in by_client.items()}
    show("ServeGen requests/day per client", np.array(list(per_day.values())), 0)
    active = [len(w) / (watched[k] * 144) for k, w in by_client.items()]
    show("ServeGen share of windows active", np.array(active))
    print(f"{'  never sleeping (> 95 % of windows)':<44}{np.mean(np.array(active) > 0.95):>11.2f}")
    long = [w for w in by_client.values() if len(w) > 50]
    spreads = np.array([np.log(_rates(w)).std() for w in long])
    show("ServeGen sd of ln(rate) within a client", spreads)
    show(
        "ServeGen inter-arrival CV, client median",
        np.array([np.median([float(r["iat_cv"]) for r in w]) for w in by_client.values()]),
    )
    shapes = [[float(r["p1"]) for r in w if r["pattern"] == "Weibull"] for w in by_client.values()]
    medians = [np.median(s) for s in shapes if len(s) > 5]
    show("ServeGen Weibull shape, client median", np.array(medians))
    fortnight = [w for k, w in by_client.items() if watched[k] == 14 and len(w) > 200]
    hours = np.mean([_profile(w, 3600, 24) for w in fortnight], axis=0)
    print("ServeGen hours (mean 1):", " ".join(f"{h:.2f}" for h in hours))
    days = np.sort(np.mean([_profile(w, 86_400, 7) for w in fortnight], axis=0))
    print(f"ServeGen two quietest days against the rest: {days[:2].mean() / days[2:].mean():.2f}")


def fit_lengths(directory: Path) -> None:
    """Token lengths: between and within ServeGen's clients, and in single services."""
    by_field: dict[str, dict[tuple[str, str], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(directory / "servegen/client_token_summaries.csv.gz"):
        if float(row["support"]) >= 20:
            by_field[row["field"]][row["model"], row["client"]].append(row)
    for field in ("input_tokens", "output_tokens"):
        per_client = by_field[field].values()
        medians = [np.median([float(r["p50"]) for r in w]) for w in per_client]
        show(f"ServeGen {field}, client median", np.array(medians), 0)
        show("  sd of ln within a client", np.array([_within(w) for w in per_client]))
    inputs = [r for windows in by_field["input_tokens"].values() for r in windows]
    steady = [float(r["p95"]) <= 1.1 * float(r["p05"]) for r in inputs]
    print(f"{'  windows whose p95 is within 10 % of p5':<44}{np.mean(steady):>11.3f}")
    # Published in fixed point, 16 digits.
    ratio = [float(r["p50"]) / 1e16 for w in by_field["reason_ratio"].values() for r in w]
    show("ServeGen share of reasoning in the output", np.array(ratio))
    for kind in ("code", "conv"):
        trace = list(rows(directory / f"azure_llm_2023/AzureLLMInferenceTrace_{kind}.csv"))
        show(f"Azure {kind} input", np.array([float(r["ContextTokens"]) for r in trace]), 0)
        show(f"Azure {kind} output", np.array([float(r["GeneratedTokens"]) for r in trace]), 0)
    with gzip.open(directory / "mooncake/conversation_trace.jsonl.gz") as lines:
        talks = [json.loads(line) for line in lines]
    show("Mooncake input", np.array([float(t["input_length"]) for t in talks]), 0)
    show("Mooncake output", np.maximum([float(t["output_length"]) for t in talks], 1.0), 0)


def _within(windows: list[Row]) -> float:
    """Spread of ln(length) as a normal law would have it: (p95 - p50) / 1.645."""
    ratios = [max(float(r["p95"]), 1) / max(float(r["p50"]), 1) for r in windows]
    return float(np.median(np.log(ratios)) / 1.645)


def fit_people(directory: Path) -> None:
    """The LMSYS arena: how unequal ordinary clients are, and what they send."""
    trace = list(rows(directory / "lmsys_vtc/real_trace.csv"))
    _, counts = np.unique([r["client"] for r in trace], return_counts=True)
    show("LMSYS requests per client (10 minutes)", counts.astype(np.float64), 0)
    show("LMSYS input", np.array([float(r["prompt_len"]) for r in trace]), 0)
    show("LMSYS output", np.maximum([float(r["output_len"]) for r in trace], 1.0), 0)


def simulated() -> None:
    """The same figures of 400 simulated businesses, from a day of their events.

    Rates come from the habits, unscaled; for the events they are cut at 20,000 a day, since gaps,
    hours and lengths do not depend on the rate and 1.9 million requests a day would take a while.
    """
    world = World(seed=1, start=scenarios.START, days=1.0, launch=scenarios.START * 2)
    rates = [ApiBusinesses().member(world, n).habits.per_day for n in range(2_000)]
    show("simulated requests/day per business", np.array(rates), 0)
    firms = [ApiBusinesses(most_per_day=20_000.0, joining=0.0).member(world, n) for n in range(400)]
    roster = Roster.of(firms, {})
    hours = list(Clock(roster).hours(world.start, world.end))
    tokens = [tokens_of(roster, hour, np.zeros(len(hour), np.int64)) for hour in hours]
    who = np.concatenate([hour.account for hour in hours])
    ts = np.concatenate([hour.ts for hour in hours])
    each = [np.flatnonzero(who == account) for account in np.unique(who)]
    show_firms([ts[rows] for rows in each])
    for name, column in (("input", [t.into for t in tokens]), ("output", [t.out for t in tokens])):
        lengths = np.concatenate(column).astype(np.float64)
        answered = [lengths[rows][lengths[rows] > 0] for rows in each if len(rows) >= 20]
        medians = np.array([np.median(v) for v in answered])
        show(f"simulated {name}_tokens, client median", medians, 0)
        spreads = [np.log(np.percentile(v, 95) / np.median(v)) / 1.645 for v in answered]
        show("  sd of ln within a client", np.array(spreads))


def show_firms(times: list[NDArray[np.int64]]) -> None:
    """Activity, bursts and gaps of simulated firms, each given as its sorted times in ms."""
    windows = [np.unique(ts // 600_000, return_counts=True)[1] for ts in times]
    active = np.array([len(w) / 144 for w in windows])
    show("simulated share of windows active", active)
    print(f"{'  never sleeping (> 95 % of windows)':<44}{np.mean(active > 0.95):>11.2f}")
    busy = [np.log(w).std() for w in windows if len(w) > 50]
    show("simulated sd of ln(rate) within a client", np.array(busy))
    show("simulated inter-arrival CV", np.array([_cv(ts) for ts in times if len(ts) > 99]))


def _cv(ts: NDArray[np.int64]) -> float:
    """Median over ten-minute windows of ten gaps or more, as ServeGen states it."""
    parts = np.split(ts, np.flatnonzero(np.diff(ts // 600_000)) + 1)
    gaps = [np.diff(part) for part in parts if len(part) > 10] or [np.diff(ts)]
    return float(np.median([gap.std() / max(gap.mean(), 1e-9) for gap in gaps]))


def main(arguments: list[str]) -> int:
    """Print the fit; 0 also where there are no traces to fit."""
    named = arguments[0] if arguments else os.environ.get("TRACES", "")
    directory = Path(named)
    if not named or not (directory / "servegen").is_dir():
        print("skipped: no traces (name their directory, or set TRACES)")
        return 0
    print(f"{'':<44}" + " ".join(f"{f'p{q}':>11}" for q in QUANTILES))
    fit_clients(clients(directory))
    fit_lengths(directory)
    fit_people(directory)
    simulated()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
