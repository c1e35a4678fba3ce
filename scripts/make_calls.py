#!/usr/bin/env python3
"""Makes one side of telephone calls, for `eot load`, from the turns of scripts/make_conversations.py.

    scripts/make_calls.py [--calls N] [--output FOLDER] [--seed N]     (default: 8, .eot/fixtures/calls, 1)

Each file holds what one caller says in a minute or a little more: recorded turns with pauses inside, each followed by
silence while the other side speaks, 2 to 6 s. So a caller pauses about thirteen times a minute, and speaks a little
more than a quarter of the time. The recordings decide what is said, a seeded generator the rest. Standard library only.
"""

import argparse
import array
import random
import subprocess
import sys
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TURNS = ROOT / ".eot" / "fixtures" / "turns"
LENGTH = 60


def read(path):
    with wave.open(str(path)) as file:
        return file.getparams(), file.readframes(file.getnframes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--calls", type=int, default=8)
    parser.add_argument("--output", type=Path, default=ROOT / ".eot" / "fixtures" / "calls")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    subprocess.run([sys.executable, Path(__file__).with_name("make_conversations.py")], check=True)
    generator = random.Random(arguments.seed)
    turns = sorted(TURNS.glob("*.wav"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.calls):
        call, params = b"", None
        while params is None or len(call) < LENGTH * params.framerate * 2:
            params, turn = read(generator.choice(turns))
            reply = array.array("h", (generator.randint(-2, 2) for _ in range(
                round(generator.uniform(2, 6) * params.framerate))))
            call += turn + reply.tobytes()
        with wave.open(str(arguments.output / f"call-{number + 1}.wav"), "wb") as file:
            file.setparams(params)
            file.writeframes(call)


if __name__ == "__main__":
    main()
