#!/usr/bin/env python3
"""What calibrated thresholds do on turns that the calibration did not see.

    scripts/held_out.py PREDICTIONS [--score-point S] [--splits N]      (default: 0.2, 40)

Runs `eot calibrate --held-out` with N seeds, each of which splits the turns into other halves, and prints for each
budget the mean over the splits: what the chosen policy does on the half it was chosen on, what it does on the other
half, and in how many splits the other half exceeds the budget. It needs `make build` before. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EOT = ROOT / ".build" / "release" / "eot"
BUDGETS = (("--cutoff", 0.05), ("--cutoff", 0.10), ("--cutoff", 0.20), ("--latency", 0.4), ("--latency", 0.6))


def split(file: str, point: float, option: str, budget: float, seed: int) -> dict:
    """The figures of one split, for all languages together."""
    command = [EOT, "calibrate", "--json", "--held-out", "--bootstrap", "0", "--score-point", str(point)]
    done = subprocess.run(
        [*command, option, str(budget), "--seed", str(seed), file], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip())
    return json.loads(done.stdout.splitlines()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("predictions")
    parser.add_argument("--score-point", type=float, default=0.2)
    parser.add_argument("--splits", type=int, default=40)
    arguments = parser.parse_args()
    print("| budget | own half: cut off, mean latency | other half: cut off, mean latency | budget exceeded |")
    print("|---|---|---|---|")
    for option, budget in BUDGETS:
        rows = [
            split(arguments.predictions, arguments.score_point, option, budget, seed)
            for seed in range(1, arguments.splits + 1)
        ]
        figure = "cutoff_rate" if option == "--cutoff" else "mean_latency"
        exceeded = sum(row["held_out"][figure] > budget + 1e-9 for row in rows)

        def mean(value) -> float:
            return statistics.fmean(value(row) for row in rows)

        name = f"{budget:.0%} cut off" if option == "--cutoff" else f"{budget * 1000:.0f} ms"
        own = f"{mean(lambda r: r['cutoff_rate']['value']):.1%}, {mean(lambda r: r['mean_latency']['value']):.3f} s"
        other = f"{mean(lambda r: r['held_out']['cutoff_rate']):.1%}, {mean(lambda r: r['held_out']['mean_latency']):.3f} s"
        print(f"| {name} | {own} | {other} | {exceeded} of {len(rows)} |")


if __name__ == "__main__":
    main()
