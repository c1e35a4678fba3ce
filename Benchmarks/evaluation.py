#!/usr/bin/env python3
"""How long `eot eval` and `eot calibrate` take for a large predictions file, and how much memory.

    Benchmarks/evaluation.py                  a million rows as CSV and as JSON Lines, about a minute
    Benchmarks/evaluation.py --rows 100000    a quick look

It needs `make build` before. The rows are random with a fixed seed, so every machine measures the same: turns of one
to four silences in five languages, scored every 0.1 s, confidence growing with the silence. They are made once, in
.eot/bench. Time is that of the whole process, memory its peak resident set (getrusage). The last column says whether
`eot eval` keeps what it is meant to: a million rows in under 10 s and 1 GB; it decides over the exit status.

Python standard library only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EOT = ROOT / ".build" / "release" / "eot"
FOLDER = ROOT / ".eot" / "bench"
LANGUAGES = ("en", "de", "es", "ja", "pt")
SECONDS = 10.0
MEGABYTES = 1_000.0

# What is run; FILE becomes each file's path. Only `eot eval` has limits.
COMMANDS = (
    ("eval, first crossing", ["eval", "--by-language", "FILE"]),
    ("eval, score point", ["eval", "--by-language", "--score-point", "0.2", "FILE"]),
    ("eval, thresholds in use", ["eval", "--by-language", "--score-point", "0.2", "--threshold", "0.21", "FILE"]),
    ("calibrate", ["calibrate", "--score-point", "0.2", "--cutoff", "0.05", "FILE"]),
)


def rows(count: int, seed: int):
    """`count` rows: id, language, span_index, timestamp, silence_dur, p_eot, label."""
    generator = random.Random(seed)
    made, turn = 0, 0
    while True:
        language = LANGUAGES[turn % len(LANGUAGES)]
        clock = 0.0
        silences = generator.choice((1, 2, 3, 4))
        for index in range(silences):
            is_end = index == silences - 1
            steps = 20 if is_end else 2 + min(60, int(generator.expovariate(0.2)))
            clock += generator.uniform(0.5, 3)
            for step in range(1, steps + 1):
                silence = step / 10
                centre = (0.6 if is_end else 0.2) + 0.05 * silence
                probability = min(1.0, max(0.0, generator.gauss(centre, 0.25)))
                yield (
                    f"conversation-{turn:07d}", language, index, round(clock + silence, 3), silence,
                    round(probability, 6), "eot" if is_end else "hold",
                )  # fmt: skip
                made += 1
                if made == count:
                    return
            clock += steps / 10
        turn += 1


def make(count: int, seed: int) -> list[Path]:
    """The files, made where they are missing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = ("id", "language", "span_index", "timestamp", "silence_dur", "p_eot", "label")
    paths = [FOLDER / f"predictions-{count}-{seed}{ending}" for ending in (".csv", ".jsonl")]
    if all(path.is_file() for path in paths):
        return paths
    parts = [path.with_suffix(path.suffix + ".part") for path in paths]
    with open(parts[0], "w") as csv, open(parts[1], "w") as lines:
        csv.write(",".join(names) + "\n")
        for row in rows(count, seed):
            csv.write(",".join(map(str, row)) + "\n")
            lines.write(json.dumps(dict(zip(names, row))) + "\n")
    for part, path in zip(parts, paths):
        part.rename(path)
    return paths


def measure(arguments: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of one run."""
    start = time.perf_counter()
    child = subprocess.Popen([EOT, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"eot {' '.join(arguments)} failed ({child.returncode}): {errors.strip()}")
    unit = 1 if platform.system() == "Darwin" else 1024  # ru_maxrss counts bytes there, kilobytes here
    return seconds, usage.ru_maxrss * unit / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if not EOT.is_file():
        raise SystemExit(f"{EOT} is missing; run make build")
    paths = make(arguments.rows, arguments.seed)
    for path in paths:
        print(f"{path.relative_to(ROOT)}: {arguments.rows} rows, {path.stat().st_size / 1e6:.0f} MB")
    print(f"\n{'':26}{'file':>8}{'time':>10}{'peak memory':>14}   kept")
    all_kept = True
    for title, command in COMMANDS:
        for path in paths:
            seconds, megabytes = measure([str(path) if part == "FILE" else part for part in command])
            kept = ""
            if command[0] == "eval":
                is_kept = seconds < SECONDS and megabytes < MEGABYTES
                all_kept = all_kept and is_kept
                kept = "yes" if is_kept else "no"
            print(f"{title:26}{path.suffix[1:]:>8}{seconds:8.2f} s{megabytes:11.0f} MB   {kept}", flush=True)
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main())
