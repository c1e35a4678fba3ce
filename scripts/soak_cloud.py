#!/usr/bin/env python3
"""Kills a gateway at random moments while `eot detect --cloud --realtime` works through real speech.

soak_cloud.py [--kills 200] [--runs 6] [--seed 1] [--eot PATH] AUDIO...

Runs that many detections side by side, again and again, until the gateway (Tests/Peers/gateway.py) was killed so many
times, and checks each against a detection without any gateway: the same speech, every piece of it in exactly one turn,
turns in order, nothing open at the end, exit status 0, and no secret in the log. Needs a release build of eot, the
models, and PyPI for the gateway's environment. Bounded: it stops at the kills, after 20 minutes at the latest.
"""

import argparse
import asyncio
import json
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRET = "soak-secret-word"


class Gateway:
    """The gateway's process, killed and started anew on the same port."""

    def __init__(self, python):
        self.python, self.port, self.process = python, 0, None
        self.predictions = 0

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            self.python, "-u", str(ROOT / "Tests/Peers/gateway.py"), "--port", str(self.port), "--key", "soak",
            "--secret", SECRET, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        first = await self.process.stdout.readline()
        if not first:
            raise SystemExit("the gateway did not start")
        self.port = json.loads(first)["listening"]
        asyncio.create_task(self.count(self.process.stdout))

    async def count(self, stream):
        async for line in stream:
            self.predictions += b'"inference_start"' in line

    async def kill(self):
        self.process.kill()
        await self.process.wait()


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def faults(reference, found):
    """What is wrong with a detection, as text."""
    def of(kind, field, source):
        return [event[field] for event in source if event["type"] == kind]

    for kind in ("speech_started", "speech_ended"):
        if of(kind, "time", reference) != of(kind, "time", found):
            yield f"{kind} differs"
    turns = [event for event in found if event["type"] == "turn_ended"]
    segments = list(zip(of("speech_started", "time", found), of("speech_ended", "time", found)))
    for before, after in zip(turns, turns[1:]):
        if after["speech_start"] < before["speech_end"] or after["time"] <= before["time"]:
            yield f"turns overlap: {before} {after}"
    for start, end in segments:
        owners = [t for t in turns if t["speech_start"] <= start + 0.001 and end - 0.001 <= t["speech_end"]]
        if len(owners) != 1:
            yield f"speech {start}-{end} is in {len(owners)} turns"
    for turn in turns:
        if turn["reason"] not in ("model", "timeout", "end_of_input", "no_prediction"):
            yield f"odd reason: {turn}"
    if found[-1]["type"] != "summary" or found[-1]["turns"] != len(turns):
        yield "no summary"


async def detect(arguments, audio, gateway):
    process = await asyncio.create_subprocess_exec(
        arguments.eot, "detect", "--json", "--realtime", "--cloud", f"http://127.0.0.1:{gateway.port}/healthy",
        "--api-key", "soak", "--api-secret", SECRET, "--recover", "0.3", audio,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    return process.returncode, events(out.decode()), err.decode()


async def keep_detecting(arguments, gateway, references, results, is_over, index):
    while not is_over():
        audio = arguments.audio[(index + len(results)) % len(arguments.audio)]
        status, found, err = await detect(arguments, audio, gateway)
        wrong = list(faults(references[audio], found)) if status == 0 and found else [f"exit {status}: {err[-300:]}"]
        if SECRET in err or "eyJ" in err:
            wrong.append("a secret is in the log")
        results.append((audio, found, wrong, err.count("falling back")))
        for text in wrong:
            print(f"FAULT {audio}: {text}", flush=True)


async def main(arguments):
    generator = random.Random(arguments.seed)
    python = subprocess.run(["sh", str(ROOT / "Tests/Peers/setup.sh")], check=True, capture_output=True,
                            text=True).stdout.strip()
    references = {
        audio: events(subprocess.run([arguments.eot, "detect", "--json", audio], check=True, capture_output=True,
                                     text=True).stdout)
        for audio in arguments.audio}
    gateway = Gateway(python)
    await gateway.start()
    kills, results, start = 0, [], time.monotonic()

    def is_over():
        return kills >= arguments.kills or time.monotonic() - start > 1200

    runs = [asyncio.create_task(keep_detecting(arguments, gateway, references, results, is_over, index))
            for index in range(arguments.runs)]
    while not is_over():
        await asyncio.sleep(generator.uniform(0.1, 2.0))
        await gateway.kill()
        kills += 1
        await asyncio.sleep(generator.choice([0, 0, 0.2, 1.0]))
        await gateway.start()
    await asyncio.gather(*runs)
    await gateway.kill()
    found = [event for _, found, _, _ in results for event in found]
    predictions = [event for event in found if event["type"] == "prediction"]
    by_cloud = sum(event["model"] == "turn-detector-v1" for event in predictions)
    print(f"{kills} kills, {len(results)} detections, {sum(e['type'] == 'turn_ended' for e in found)} turns, "
          f"{len(predictions)} predictions ({by_cloud} by the gateway), {sum(r[3] for r in results)} fallbacks, "
          f"{sum(bool(wrong) for _, _, wrong, _ in results)} faulty detections, "
          f"{time.monotonic() - start:.0f} s")
    return 1 if kills < arguments.kills or any(wrong for _, _, wrong, _ in results) else 0


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("audio", nargs="+")
parser.add_argument("--kills", type=int, default=200)
parser.add_argument("--runs", type=int, default=6)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--eot", default=str(ROOT / ".build/release/eot"))
sys.exit(asyncio.run(main(parser.parse_args())))
