#!/usr/bin/env python3
"""Measures how near `eot` is to the golden values and prints the tables of docs/accuracy.md.

    make build test-data
    python3 scripts/oracle/report.py [--update]

--update writes the tables into docs/accuracy.md. `eot` prints six places, so differences below 1e-6 read as 0 or 1e-6.
Standard library only; the models themselves ran when make_goldens.py made the golden values.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EOT = ROOT / ".eot"
GOLDENS = ROOT / "Tests" / "TurnInferenceTests" / "Fixtures"
DOCUMENT = ROOT / "docs" / "accuracy.md"
BEGIN, END = "<!-- report.py: begin -->", "<!-- report.py: end -->"


def golden(name: str) -> dict:
    return json.loads((GOLDENS / name).read_text())


command = str(ROOT / ".build" / "release" / "eot")


def eot(arguments: list[str], standard_input: bytes | None = None) -> list[dict]:
    done = subprocess.run([command, *arguments, "--json"], input=standard_input, capture_output=True, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"report: eot {' '.join(arguments)} failed: {done.stderr.decode().strip()}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def samples(file: str) -> bytes:
    with wave.open(str(EOT / file), "rb") as source:
        return source.readframes(source.getnframes())


def difference(pairs: list[tuple[float, float]]) -> dict[str, float]:
    values = sorted(abs(a - b) for a, b in pairs)
    return {
        "count": len(values),
        "mean": sum(values) / len(values),
        "p95": values[min(len(values) - 1, int(0.95 * len(values)))],
        "max": values[-1],
        "flips": sum((a > 0.5) != (b > 0.5) for a, b in pairs),
    }


def row(name: str, pairs: list[tuple[float, float]]) -> str:
    d = difference(pairs)
    cells = (name, d["count"], f"{d['mean']:.2g}", f"{d['p95']:.2g}", f"{d['max']:.2g}", d["flips"])
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEADER = ["| {} | n | mean \\|dp\\| | p95 | max | other side of 0.5 |", "|---|---|---|---|---|---|"]


def header(title: str) -> list[str]:
    return [HEADER[0].format(title), HEADER[1]]


def windows() -> list[str]:
    rows = golden("windows.json")["windows"]
    engines = {entry["id"]: entry for entry in golden("engines.json")["windows"]}
    recordings = {file: samples(file) for file in {row["file"] for row in rows}}
    for entry in rows:
        raw = recordings[entry["file"]][2 * entry["start"] : 2 * entry["end"]]
        for precision in ("reference", "fast"):
            options = ["--raw", "s16le", "--rate", "16000", "--precision", precision]
            entry[precision] = eot(["predict", "-", *options], raw)[0]["probability"]
        entry.update(engines[entry["id"]])
    lines = header("windows of recorded speech, 16 kHz: who, against whom")
    for kind in ("wideband", "telephone", "all"):
        chosen = [entry for entry in rows if kind in (entry["kind"], "all")]
        for name, a, b in (
            ("eot, reference path, the oracle", "reference", "p"),
            ("eot, fast path, the oracle", "fast", "p"),
            ("onnxruntime on the shipped file, VNNI, the oracle", "onnxruntime", "p"),
            ("OpenVINO on the shipped file, VNNI, the oracle", "openvino", "p"),
            ("OpenVINO's own choice, bfloat16, the oracle", "openvinoOwnChoice", "p"),
            ("onnxruntime on the shipped file, no VNNI, the oracle", "pShippedDefault", "p"),
            ("onnxruntime on the shipped file, VNNI, eot (fast)", "onnxruntime", "fast"),
        ):
            lines.append(row(f"{kind}: {name}", [(entry[a], entry[b]) for entry in chosen]))
    return lines


def rates() -> list[str]:
    rows = golden("rates.json")["files"]
    for entry in rows:
        entry["ours"] = eot(["predict", f".eot/{entry['file']}", "--precision", "reference"])[0]["probability"]
    lines = header("eot (reference) on files at other rates, the oracle on soxr's HQ copy")
    for kind in ("wideband", "telephone"):
        for rate in sorted({entry["rate"] for entry in rows}):
            chosen = [e for e in rows if e["kind"] == kind and e["rate"] == rate]
            lines.append(row(f"{kind}, {rate / 1000:g} kHz", [(e["ours"], e["p"]) for e in chosen]))
    return [*lines, row("all", [(e["ours"], e["p"]) for e in rows])]


def activity() -> list[str]:
    lines = header("windows of 32 ms, eot vad, onnxruntime")
    everything = []
    for trace in golden("silero.json")["traces"]:
        if "file" not in trace:
            continue
        frames = eot(["vad", f".eot/{trace['file']}", "--frames"])
        ours = [frame["probability"] for frame in frames if frame["type"] == "frame"]
        pairs = list(zip(ours, trace["p"]))
        everything += pairs
        lines.append(row(Path(trace["file"]).name, pairs))
    return [*lines, row("all", everything)]


def machine(versions: dict) -> str:
    return versions["machine"] + (" with VNNI" if versions["vnni"] == "yes" else " without VNNI")


def main() -> None:
    global command
    parser = argparse.ArgumentParser(description="Accuracy of eot against the golden values.")
    parser.add_argument("--update", action="store_true", help="write the tables into docs/accuracy.md")
    parser.add_argument("--eot", default=command, help="the command to measure")
    options = parser.parse_args()
    command = options.eot
    if not Path(command).is_file():
        sys.exit(f"report: {command} is missing; run `make build` first")
    versions, engines = golden("windows.json")["versions"], golden("engines.json")
    bench = eot(["bench", "--iterations", "1", "--warm-up", "0"])[0]
    text = "\n".join(
        [
            f"Golden values by onnxruntime {versions['onnxruntime']}, numpy {versions['numpy']}, soxr "
            f"{versions['soxr']} on {machine(versions)}; the engines' own by onnxruntime "
            f"{engines['versions']['onnxruntime']} and OpenVINO {engines['about']['openvino'].split(',')[0]} on "
            f"{machine(engines['versions'])} (make_engines.py). eot: {bench['kernel']}.",
            "",
            *windows(),
            "",
            *rates(),
            "",
            *activity(),
        ]
    )
    print(text)
    if options.update:
        document = DOCUMENT.read_text()
        before, rest = document.split(BEGIN)
        after = rest.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
