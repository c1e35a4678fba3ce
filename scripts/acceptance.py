#!/usr/bin/env python3
"""Which test proves which acceptance row: writes docs/acceptance.md, fails for rows without a test.

Rows are R-001...R-119 (behaviour of LiveKit Agents 1.8.9), S-01...S-25 (its surprises and where this project leaves
them) and L1...L10 (timelines). A test proves the rows that its name carries. `--check` writes nothing and also fails
when the file is out of date.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "acceptance.md"

# Rows that no test can prove here, each with its reason.
LEFT_OUT = {}

# Rows whose tests prove something else than the reference's behaviour, by a decision, or a part of it.
CHANGED = {
    "R-056": "on two pauses: there is no text detector, whose every decision has a prediction of its own",
    "R-073": "delays and voice activity of a running session; its recogniser is the application's",
    "R-110": "the newest samples win instead of an error (S-08)",
    "R-115": "the newest samples win instead of an error (S-08); the other direction as in the reference",
}


def rows():
    yield from (f"R-{number:03}" for number in range(1, 120))
    yield from (f"S-{number:02}" for number in range(1, 26))
    yield from (f"L{number}" for number in range(1, 11))


def tests():
    """Yields (row, test name, file) of every Swift and Python test."""
    for path in sorted(ROOT.glob("Tests/**/*.swift")):
        for name in re.findall(r"func `([^`]+)`", path.read_text(encoding="utf-8")):
            for row in re.findall(r"\b(R-\d{3}|S-\d{2}|L\d{1,2})\b", name):
                yield row, name, path.relative_to(ROOT)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is out of date")
    options = parser.parse_args()

    proofs = {row: [] for row in rows()}
    unknown = []
    for row, name, path in tests():
        if row not in proofs:
            unknown.append(f"{path}: {row}")
        elif (name, path) not in proofs[row]:
            proofs[row].append((name, path))

    missing = [row for row, found in proofs.items() if not found and row not in LEFT_OUT]
    needless = [row for row in LEFT_OUT if proofs[row]]
    proved = sum(1 for row, found in proofs.items() if row.startswith("R-") and found)
    lines = [
        "# Acceptance rows and the tests that prove them",
        "",
        "Written by `scripts/acceptance.py`. R: behaviour of LiveKit Agents 1.8.9; S: its surprises, and where this",
        "project leaves them; L: timelines to the millisecond.",
        "",
        f"{proved} of 119 R rows are proved by a named test, {len(CHANGED)} of them with the change that is noted.",
        "",
        "| row | tests |",
        "|---|---|",
    ]
    for row, found in proofs.items():
        cell = "; ".join(f"{name} (`{path.stem}`)" for name, path in found)
        cell = cell or "left out: " + LEFT_OUT.get(row, "no test yet")
        note = f" ({CHANGED[row]})" if row in CHANGED else ""
        lines.append(f"| {row} | {cell}{note} |")
    text = "\n".join(lines) + "\n"

    failures = [f"no test: {row}" for row in missing]
    failures += [f"has a test, take it from LEFT_OUT: {row}" for row in needless]
    failures += [f"no such row: {entry}" for entry in unknown]
    if options.check:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            failures.append("docs/acceptance.md is out of date; run scripts/acceptance.py")
    else:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
    print(f"{proved} of 119 R rows proved")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
