#!/usr/bin/env python3
"""Kills a gateway at random moments while `eot detect --cloud --realtime` works through real speech.

soak_cloud.py [--kills 200] [--runs 8] [--seed 1] [--eot PATH]

Joins the recorded turns of scripts/make_conversations.py to conversations of about a minute, and takes them through
that many detections side by side, again and again, until the gateway (Tests/Peers/gateway.py) was killed so many times.
Each detection is compared with one without any gateway:

- no turn lost, none doubled: the same speech, each piece of it in exactly one turn, the turns in order, nothing open at
  the end, exit status 0;
- no handle unanswered: the same questions, each answered once, by a number. A question may lack if the speaker went on
  before an answer could come, or if it was called off after a second, which ends its turn: that is counted, and may
  happen to a tenth as many questions as kills found open;
- no secret in the log.

That the kills hit something is counted too: how many questions the gateway had taken and not answered when it died, and
how many predictions came from it and from the device. Needs a release build of eot, the models, the recorded turns, and
PyPI for the gateway's environment. Bounded: it stops at the kills, after 20 minutes at the latest.
"""

import argparse
import asyncio
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import wave

from detections import KEY, ROOT, SECRET, events, faults, moved, of, reference

TURNS = ROOT / ".eot/fixtures/turns"
# How the gateway answers: at once, after a while so that a kill finds questions open, and that the turn goes on.
SCENARIOS = ["late/0.5", "late/0.6", "healthy", "unfinished"]
# An answer carries the time of its question. It may take so long; a question is asked after so much silence.
TOLERANCE, LATENESS, PAUSE = 0.02, 1.0, 0.2


def conversations(folder, count):
    """Recorded turns, joined to so many conversations."""
    files = sorted(TURNS.glob("*.wav"))
    if len(files) < count:
        raise SystemExit(f"{TURNS} holds no recorded turns; run scripts/make_conversations.py")
    for index in range(count):
        path = folder / f"conversation-{index}.wav"
        with wave.open(str(path), "wb") as joined:
            for number, file in enumerate(files[index::count]):
                with wave.open(str(file)) as turn:
                    if number == 0:
                        joined.setparams(turn.getparams())
                    joined.writeframes(turn.readframes(turn.getnframes()))
        yield str(path)


class Gateway:
    """The gateway's process, killed and started anew on the same port."""

    def __init__(self, python):
        self.python, self.port, self.process = python, 0, None
        self.open = set()
        self.cut = 0

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            self.python, "-u", str(ROOT / "Tests/Peers/gateway.py"), "--port", str(self.port), "--key", KEY,
            "--secret", SECRET, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        first = await self.process.stdout.readline()
        if not first:
            raise SystemExit("the gateway did not start")
        self.port = json.loads(first)["listening"]
        self.open = set()
        asyncio.create_task(self.watch(self.process.stdout, self.open))

    async def watch(self, stream, waiting):
        async for line in stream:
            record = json.loads(line)
            if record.get("message") == "inference_start":
                waiting.add(record["request"])
            elif "answered" in record:
                waiting.discard(record["answered"])

    async def kill(self):
        self.process.kill()
        await self.process.wait()
        # What it wrote before it died is read to the end first.
        await asyncio.sleep(0.05)
        self.cut += len(self.open)


def timed_out(found):
    """Turns whose question was called off after a second."""
    return [event for event in found if event["type"] == "turn_ended" and event["reason"] == "no_prediction"]


def unanswered(expected, found, called_off):
    """Questions without an answer, with two, or answers to no question; so many were called off, by the log."""
    starts = of("speech_started", "time", found)
    answers = [event for event in found if event["type"] == "prediction"]
    for answer in answers:
        if answer["probability"] is None:
            yield f"no number: {answer}"
    left = [answer["time"] for answer in answers]
    for event, least, most in moved(expected, found):
        if event["type"] != "prediction":
            continue
        asked = event["time"]
        mine = [t for t in left if asked + least - TOLERANCE <= t <= asked + most + TOLERANCE]
        went_on = any(asked + least - PAUSE <= start <= asked + most + LATENESS for start in starts)
        was_called_off = any(turn["speech_end"] <= asked + most <= turn["time"] for turn in timed_out(found))
        if mine:
            left.remove(mine[0])
        elif went_on or was_called_off:
            continue
        elif called_off > 0:
            # Speech went on before the turn could end without an answer.
            called_off -= 1
        else:
            yield f"the question at {asked} has no answer"
    for time_answered in left:
        yield f"the answer at {time_answered} is to no question"


async def detect(arguments, audio, gateway, scenario):
    process = await asyncio.create_subprocess_exec(
        arguments.eot, "detect", "--json", "--realtime", "--cloud",
        f"http://127.0.0.1:{gateway.port}/{scenario}", "--api-key", KEY, "--api-secret", SECRET,
        "--recover", "0.3", audio, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    return process.returncode, events(out.decode()), err.decode()


async def keep_detecting(arguments, gateway, references, results, is_over, index):
    number = index
    while not is_over():
        audio = list(references)[number % len(references)]
        scenario = SCENARIOS[(number // len(references) + index) % len(SCENARIOS)]
        number += 1
        status, found, err = await detect(arguments, audio, gateway, scenario)
        called_off = err.count("no prediction came in time")
        if status == 0 and found:
            wrong = [*faults(references[audio], found), *unanswered(references[audio], found, called_off)]
        else:
            wrong = [f"exit {status}: {err[-300:]}"]
        if SECRET in err or "eyJ" in err:
            wrong.append("a secret is in the log")
        late = max(called_off, len(timed_out(found)))
        results.append((references[audio], found, wrong, err.count("falling back"), late))
        for text in wrong:
            print(f"FAULT {pathlib.Path(audio).name} {scenario}: {text}", flush=True)
        if wrong:
            print("  its log: " + err.replace(SECRET, "(the secret)").strip().replace("\n", "\n  "), flush=True)


async def main(arguments):
    generator = random.Random(arguments.seed)
    python = subprocess.run(["sh", str(ROOT / "Tests/Peers/setup.sh")], check=True, capture_output=True,
                            text=True).stdout.strip()
    folder = tempfile.TemporaryDirectory()
    references = {audio: reference(arguments.eot, audio) for audio in conversations(pathlib.Path(folder.name), 3)}
    gateway = Gateway(python)
    await gateway.start()
    kills, results, start = 0, [], time.monotonic()

    def is_over():
        return kills >= arguments.kills or time.monotonic() - start > 1200

    runs = [asyncio.create_task(keep_detecting(arguments, gateway, references, results, is_over, index))
            for index in range(arguments.runs)]
    while not is_over():
        await asyncio.sleep(generator.uniform(0.1, 3.5))
        await gateway.kill()
        kills += 1
        await asyncio.sleep(generator.choice([0, 0, 0.2, 1.0]))
        await gateway.start()
    await asyncio.gather(*runs)
    await gateway.kill()
    folder.cleanup()
    asked = sum(len(of("prediction", "time", expected)) for expected, *_ in results)
    predictions = [event for _, found, *_ in results for event in found if event["type"] == "prediction"]
    by_cloud = sum(event["model"] == "turn-detector-v1" for event in predictions)
    turns = sum(len(of("turn_ended", "time", found)) for _, found, *_ in results)
    late = sum(result[4] for result in results)
    stalls = sum(any(least > 0.001 for _, least, _ in moved(expected, found)) for expected, found, *_ in results)
    print(f"{kills} kills, {gateway.cut} of them under open questions; {len(results)} detections, {turns} turns, "
          f"{asked} pauses, {len(predictions)} predictions ({by_cloud} by the gateway), "
          f"{sum(result[3] for result in results)} fallbacks, {late} questions timed out; this machine stalled under "
          f"{stalls} detections; "
          f"{sum(bool(wrong) for _, _, wrong, *_ in results)} faulty detections, "
          f"{time.monotonic() - start:.0f} s")
    # A run in which the gateway answered nothing, or was never caught in the middle, proves nothing. A handle that a
    # kill leaves open would time out, at about every such kill; a machine that is too slow lets some time out as well.
    proves = by_cloud >= len(predictions) / 10 and gateway.cut >= kills / 20 and late <= gateway.cut / 10
    return 1 if kills < arguments.kills or not proves or any(wrong for _, _, wrong, *_ in results) else 0


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--kills", type=int, default=200)
parser.add_argument("--runs", type=int, default=8)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--eot", default=str(ROOT / ".build/release/eot"))
sys.exit(asyncio.run(main(parser.parse_args())))
