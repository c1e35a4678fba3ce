#!/usr/bin/env python3
"""Makes a small labelled data set for `eot score` from the recorded prompts that scripts/fetch.py fetches.

    scripts/make_conversations.py [--turns N] [--output FOLDER] [--seed N]     (default: 24, .eot/fixtures/turns, 1)

Each turn is one spoken prompt (8 kHz telephone quality) with 0.3 s of silence before it and 2 s after it. Up to two
silences of known length, 0.3 to 1.6 s, are put inside it: into the longest natural gaps between words, else where the
voice is softest. A silence inside is a pause (hold), the last one ends the turn (eot). The recordings decide what is
said, a seeded generator the rest, so that every machine makes the same files. `manifest.jsonl` names them.

Standard library only. A second run finds everything in place and does nothing.
"""

from __future__ import annotations

import argparse
import array
import json
import math
import random
import sys
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = ROOT / ".eot" / "audio" / "asterisk" / "en"
RATE = 8_000
FRAME = RATE // 100
LEAD = 0.3
TAIL = 2.0


def read(path: Path) -> list[int]:
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise SystemExit(f"{path} is not 8 kHz mono 16 bit; run scripts/fetch.py prompts")
        samples = array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tolist()


def levels(samples: list[int]) -> list[float]:
    """RMS of each 10 ms."""
    count = len(samples) // FRAME
    return [math.sqrt(sum(s * s for s in samples[i * FRAME : (i + 1) * FRAME]) / FRAME) for i in range(count)]


def trimmed(samples: list[int]) -> list[int]:
    """Without the silence around the voice."""
    level = levels(samples)
    loud = [i for i, value in enumerate(level) if value > 0.02 * max(level)]
    return samples[max(0, loud[0] - 2) * FRAME : (loud[-1] + 3) * FRAME]


def gaps(samples: list[int], count: int) -> list[int]:
    """Samples at which to put silences: the middles of the longest quiet stretches, else the softest places."""
    level = levels(samples)
    first, last = 30, len(level) - 30
    quiet, start = [], None
    for i in range(first, last + 1):
        is_quiet = i < last and level[i] < 0.05 * max(level)
        if is_quiet and start is None:
            start = i
        elif not is_quiet and start is not None:
            quiet.append((i - start, (start + i) // 2))
            start = None
    places = [middle for length, middle in sorted(quiet, reverse=True) if length >= 5]
    places += sorted(range(first, last), key=lambda i: level[i])
    chosen: list[int] = []
    for place in places:
        if len(chosen) == count:
            break
        if all(abs(place - other) >= 60 for other in chosen):
            chosen.append(place)
    return sorted(place * FRAME for place in chosen)


def make_turn(samples: list[int], generator: random.Random) -> tuple[list[int], list[dict]]:
    def silence(seconds: float) -> list[int]:
        # The least noise that a 16-bit recording has, not digital silence.
        return [generator.randint(-2, 2) for _ in range(round(seconds * RATE))]

    voice = trimmed(samples)
    room = len(voice) / RATE
    places = gaps(voice, generator.choice([1, 1, 2]) if room > 2.5 else 1)
    result, spans, position = silence(LEAD), [], 0
    for place in places:
        result += voice[position:place]
        pause = silence(round(0.3 + 1.3 * generator.random() ** 2, 2))
        spans.append({"start": len(result) / RATE, "end": (len(result) + len(pause)) / RATE})
        result += pause
        position = place
    result += voice[position:]
    spans.append({"start": len(result) / RATE, "end": len(result) / RATE + TAIL})
    return result + silence(TAIL), spans


def write(path: Path, samples: list[int]) -> None:
    data = array.array("h", samples)
    if sys.byteorder == "big":
        data.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data.tobytes())


def candidates() -> list[Path]:
    """Prompts of 1.2 to 8 s that hold words, not tones or single digits."""
    folders = {"digits", "letters", "phonetic", "silence"}
    result = []
    for path in sorted(PROMPTS.rglob("*.wav")):
        if folders & set(path.relative_to(PROMPTS).parts[:-1]) or "tone" in path.stem or "beep" in path.stem:
            continue
        if 1.2 * RATE * 2 <= path.stat().st_size - 44 <= 8 * RATE * 2:
            result.append(path)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--turns", type=int, default=24)
    parser.add_argument("--output", type=Path, default=ROOT / ".eot" / "fixtures" / "turns")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    recipe = f"1 {arguments.turns} {arguments.seed}\n"
    stamp = arguments.output / ".stamp"
    if stamp.is_file() and stamp.read_text() == recipe:
        return
    if not PROMPTS.is_dir():
        raise SystemExit("the prompts are missing; run scripts/fetch.py prompts")
    generator = random.Random(arguments.seed)
    paths = candidates()
    generator.shuffle(paths)
    arguments.output.mkdir(parents=True, exist_ok=True)
    with open(arguments.output / "manifest.jsonl", "w") as manifest:
        for path in paths[: arguments.turns]:
            name = "-".join(path.relative_to(PROMPTS).with_suffix("").parts)
            samples, spans = make_turn(read(path), generator)
            write(arguments.output / f"{name}.wav", samples)
            row = {"id": name, "language": "en", "audio": f"{name}.wav", "silence_spans": spans}
            manifest.write(json.dumps(row) + "\n")
    stamp.write_text(recipe)


if __name__ == "__main__":
    main()
