"""Detections of real speech through a gateway, and what may be wrong with them. What the soak scripts share."""

import asyncio
import json
import os
import pathlib
import socket
import subprocess
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEY = "soak"
SECRET = "soak-secret-word-of-more-than-32-bytes"
# Audio that comes later than this counts as missing (SessionTime).
STALL = 0.25


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def of(kind, field, source):
    return [event[field] for event in source if event["type"] == kind]


def moved(reference, found):
    """The reference as a machine that stalls sees it: audio that comes up to 250 ms late makes an event so much later,
    more of it counts as missing, and all that follows is later. Gives for each event its least and most delay."""
    def edges(source):
        return [event for event in source if event["type"].startswith("speech")]

    shifts = iter([seen["time"] - event["time"] for event, seen in zip(edges(reference), edges(found))] + [1e9])
    shift, following = 0.0, next(shifts)
    for event in reference:
        if event["type"].startswith("speech"):
            shift, following = following, next(shifts)
        yield event, min(shift, following), max(shift, following)


def reference(eot, audio):
    """What a detection without any gateway finds."""
    done = subprocess.run([eot, "detect", "--json", audio], check=True, capture_output=True, text=True)
    return events(done.stdout)


def faults(expected, found):
    """What is wrong with a detection, as text: the same speech, every piece of it in exactly one turn, turns in order,
    nothing open at the end."""
    for kind in ("speech_started", "speech_ended"):
        times, expected_times = of(kind, "time", found), of(kind, "time", expected)
        if len(times) != len(expected_times):
            yield f"{kind} {len(times)} times, not {len(expected_times)}"
    shifts = [least for _, least, _ in moved(expected, found)]
    for before, after in zip([0.0] + shifts, shifts):
        if after < -0.001 or after < before - STALL:
            yield f"times move by {after - before}"
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


class Detection:
    """One detection in real time through a gateway, checked."""

    def __init__(self, audio, found, wrong, fallbacks):
        self.audio, self.found, self.wrong, self.fallbacks = audio, found, wrong, fallbacks

    @staticmethod
    async def run(eot, url, audio, expected):
        process = await asyncio.create_subprocess_exec(
            eot, "detect", "--json", "--realtime", "--cloud", url, "--api-key", KEY, "--api-secret", SECRET,
            "--recover", "0.3", audio, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, err = (text.decode() for text in await process.communicate())
        found = events(out)
        is_done = process.returncode == 0 and found
        wrong = list(faults(expected, found)) if is_done else [f"exit {process.returncode}: {err[-300:]}"]
        if SECRET in err or "eyJ" in err:
            wrong.append("a secret is in the log")
        for text in wrong:
            print(f"FAULT {audio}: {text}", flush=True)
        return Detection(audio, found, wrong, err.count("falling back"))


def summary(detections):
    found = [event for detection in detections for event in detection.found]
    predictions = [event for event in found if event["type"] == "prediction"]
    by_cloud = sum(event["model"] == "turn-detector-v1" for event in predictions)
    return (f"{len(detections)} detections, {sum(e['type'] == 'turn_ended' for e in found)} turns, "
            f"{len(predictions)} predictions ({by_cloud} by the gateway), "
            f"{sum(d.fallbacks for d in detections)} fallbacks, "
            f"{sum(bool(d.wrong) for d in detections)} faulty detections"), by_cloud


class EotServe:
    """`eot serve` on a port of its own."""

    def __init__(self, eot, *options, port=0):
        self.eot, self.options, self.port, self.process = eot, options, port, None

    def start(self):
        environment = {**os.environ, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
        self.process = subprocess.Popen(
            [self.eot, "serve", "--port", str(self.port), "--log-level", "error", *self.options],
            stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
        for line in self.process.stderr:
            if line.startswith("listening "):
                self.port = json.loads(line.removeprefix("listening "))["port"]
                return self
        raise SystemExit("the gateway did not start")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """SIGTERM; the exit status, and what else it said."""
        self.process.terminate()
        return self.process.wait(timeout=30), self.process.stderr.read()

    def rss(self):
        """Resident bytes."""
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu(self):
        """Processor time used, in seconds."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status(self, path):
        """The HTTP status of a path."""
        try:
            return urllib.request.urlopen(self.url + path, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
