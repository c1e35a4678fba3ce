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
import random
import subprocess
import sys
import time

from detections import KEY, ROOT, SECRET, Detection, reference, summary


class Gateway:
    """The gateway's process, killed and started anew on the same port."""

    def __init__(self, python):
        self.python, self.port, self.process = python, 0, None
        self.predictions = 0

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            self.python, "-u", str(ROOT / "Tests/Peers/gateway.py"), "--port", str(self.port), "--key", KEY,
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


async def keep_detecting(arguments, gateway, references, results, is_over, index):
    while not is_over():
        audio = arguments.audio[(index + len(results)) % len(arguments.audio)]
        url = f"http://127.0.0.1:{gateway.port}/healthy"
        results.append(await Detection.run(arguments.eot, url, audio, references[audio]))


async def main(arguments):
    generator = random.Random(arguments.seed)
    python = subprocess.run(["sh", str(ROOT / "Tests/Peers/setup.sh")], check=True, capture_output=True,
                            text=True).stdout.strip()
    references = {audio: reference(arguments.eot, audio) for audio in arguments.audio}
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
    print(f"{kills} kills, {summary(results)[0]}, {time.monotonic() - start:.0f} s")
    return 1 if kills < arguments.kills or any(result.wrong for result in results) else 0


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("audio", nargs="+")
parser.add_argument("--kills", type=int, default=200)
parser.add_argument("--runs", type=int, default=6)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--eot", default=str(ROOT / ".build/release/eot"))
sys.exit(asyncio.run(main(parser.parse_args())))
