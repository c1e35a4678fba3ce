#!/usr/bin/env python3
"""Measures how near `eot` is to the oracle on windows that the golden values do not use: 200 more telephone prompts, whole
and cut at 60 %, and 100 pieces of the conversation that end anywhere.

    make build test-data
    python scripts/oracle/further_windows.py [--eot COMMAND]      (with scripts/oracle/requirements.txt)

The windows follow from a seed, so two versions of `eot` can be compared. The oracle runs here, so it takes a minute.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import common
import features
import float_graph
import numpy as np
import soxr

PROMPT_COUNT, PIECE_COUNT = 200, 100


def prompts(generator: random.Random) -> list[np.ndarray]:
    """The int16 samples of prompts at 16 kHz, each whole and cut."""
    windows = json.loads((common.GOLDENS / "windows.json").read_text())["windows"]
    used = {window["file"] for window in windows}
    paths = sorted((common.EOT / "audio" / "asterisk" / "en").rglob("*.wav"))
    generator.shuffle(paths)
    found = []
    for path in paths:
        with wave.open(str(path), "rb") as file:
            rate, count = file.getframerate(), file.getnframes()
            samples = np.frombuffer(file.readframes(count), dtype="<i2")
        if count < rate or any(path.stem in name for name in used):
            continue
        resampled = soxr.resample(common.as_float(samples), rate, 16_000, quality="HQ")
        whole = np.clip(np.rint(resampled * 32768), -32768, 32767).astype("<i2")
        found += [whole, whole[: int(0.6 * whole.size)]]
        if len(found) == 2 * PROMPT_COUNT:
            break
    return found


def pieces(generator: random.Random) -> list[np.ndarray]:
    samples = common.read_int16(common.EOT / "audio" / "sample.wav")
    ends = [generator.randrange(16_000, samples.size) for _ in range(PIECE_COUNT)]
    return [samples[max(0, end - generator.choice([16_000, 48_000, 128_000])) : end] for end in ends]


def answer(command: str, samples: np.ndarray) -> float:
    options = ["predict", "-", "--raw", "s16le", "--rate", "16000", "--json"]
    done = subprocess.run([command, *options], input=samples.tobytes(), capture_output=True, cwd=common.ROOT)
    if done.returncode != 0:
        raise SystemExit(f"{command} failed: {done.stderr.decode().strip()}")
    return json.loads(done.stdout.splitlines()[0])["probability"]


def row(name: str, oracle: np.ndarray, ours: np.ndarray) -> str:
    off = np.sort(np.abs(oracle - ours))
    flipped = int(((oracle > 0.5) != (ours > 0.5)).sum())
    return f"{name:10} {off.size:4} {off.mean():.4f} {off[int(0.95 * off.size)]:.4f} {off[-1]:.3f} {flipped}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of eot on further windows.")
    parser.add_argument("--eot", default=str(common.ROOT / ".build" / "release" / "eot"), help="the command to measure")
    command = str(Path(parser.parse_args().eot).resolve())
    generator = random.Random(7)
    telephone, wideband = prompts(generator), pieces(generator)
    windows = telephone + wideband
    graph = float_graph.reference_model(float_graph.load(common.MODELS / float_graph.FILE_NAME))
    session = common.session(graph.SerializeToString(), optimised=False)
    oracle = np.array([common.probability(session, features.log_mel(common.as_float(x))) for x in windows])
    with ThreadPoolExecutor(2) as threads:
        ours = np.array(list(threads.map(lambda x: answer(command, x), windows)))
    count = len(telephone)
    print("windows       n   mean   p95    max   other side of 0.5")
    print(row("telephone", oracle[:count], ours[:count]))
    print(row("wideband", oracle[count:], ours[count:]))
    print(row("all", oracle, ours))


if __name__ == "__main__":
    main()
