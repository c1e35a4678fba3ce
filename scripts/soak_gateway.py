#!/usr/bin/env python3
"""Long and rough runs of the gateway (`eot serve`) under `eot load`, on this machine alone.

soak_gateway.py soak [--minutes 20] [--sessions 50]   sessions come and go; the slope of resident memory is printed
soak_gateway.py overload                              twice what it can do: refuses, stays fast, recovers
soak_gateway.py terminate [--sessions 100]            SIGTERM under load: answers, closes with 1001, exits with 0
soak_gateway.py memory [--sessions 300]               resident memory a session, windows full
soak_gateway.py all                                   the last three

Callers are those of scripts/make_calls.py, who pause thirteen times a minute. Exit status 1 when something does not
hold. Needs a release build of eot, the models and the calls; Linux.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time

from detections import KEY, ROOT, SECRET, EotServe

CALLS = sorted(str(path) for path in (ROOT / ".eot/fixtures/calls").glob("*.wav"))


def start_load(arguments, gateway, sessions, seconds, *options):
    environment = {**os.environ, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
    return subprocess.Popen(
        [arguments.eot, "load", "--json", "--cloud", gateway.url, "--sessions", str(sessions), "--seconds",
         str(seconds), *options, *CALLS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)


def finish_load(process):
    """The fields of both lines."""
    out, err = process.communicate()
    found = {}
    for line in out.splitlines():
        found.update(json.loads(line))
    if not found:
        raise SystemExit(err)
    return found


def load(*arguments):
    return finish_load(start_load(*arguments))


class Samples:
    """Resident memory, once a second."""

    def __init__(self, gateway):
        self.values, self.gateway, self.is_over = [], gateway, threading.Event()
        self.start = time.monotonic()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_over.wait(1):
            self.values.append((time.monotonic() - self.start, self.gateway.rss()))

    def stop(self):
        self.is_over.set()
        self.thread.join()
        return self.values


def slope(points):
    """Of the least-squares line, in units a second."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return (sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points))


def soak(arguments):
    gateway = EotServe(arguments.eot).start()
    samples = Samples(gateway)
    seconds = arguments.minutes * 60
    settling = min(120, seconds / 3)
    sessions = arguments.sessions or 50
    found = load(arguments, gateway, sessions, seconds, "--session-seconds", "20")
    values = samples.stop()
    settled = [point for point in values if settling <= point[0] <= seconds]
    change = slope(settled)
    span = settled[-1][0] - settled[0][0]
    print(f"soak: {seconds:.0f} s, {sessions} sessions at a time, {found['opened']} opened, {found['predictions']} "
          f"predictions, {found['errors']} errors, {found['late']} late, p99 {found['p99_ms']} ms")
    print(f"soak: resident memory {settled[0][1] / 1e6:.1f} MB after {settling:.0f} s, {settled[-1][1] / 1e6:.1f} MB at "
          f"the end, largest {max(y for _, y in values) / 1e6:.1f} MB; slope {change * 60 / 1e3:.1f} KB a minute "
          f"({change * span / 1e6:.2f} MB over the {span:.0f} s)")
    status, _ = gateway.end()
    # Flat: over the measured time the line rises by less than a twentieth of the memory.
    return found["errors"] == 0 and status == 0 and change * span < 0.05 * settled[0][1]


def overload(arguments):
    gateway = EotServe(arguments.eot).start()
    most = load(arguments, gateway, 8, 10, "--saturate")["answers_per_second"]
    # A gateway that saw sessions ask all the time expects it of the next ones.
    gateway.end()
    gateway = EotServe(arguments.eot).start()
    one = load(arguments, gateway, 20, 30)
    asked = one["predictions"] / one["seconds"] / 20
    capacity = most / asked
    print(f"overload: {most:.1f} predictions a second at saturation, a session asks {asked:.3f} times a second: "
          f"capacity {capacity:.0f} sessions")
    time.sleep(5)
    # Sessions come over half a minute, so that what the gateway sees of its queue can follow.
    process = start_load(arguments, gateway, round(2 * capacity), 30, "--start-up", "30")
    found = finish_load(process)
    over = time.monotonic()
    while gateway.status("/readyz") != 200 and time.monotonic() - over < 30:
        time.sleep(0.05)
    recovery = time.monotonic() - over
    after = load(arguments, gateway, 10, 10)
    refused = found["failures"].get("http 503", 0)
    print(f"overload: {round(2 * capacity)} sessions asked for, {found['opened']} let in, {refused} refused; those on: "
          f"{found['predictions']} predictions, {found['lost']} lost, {found['late']} late, p50 {found['p50_ms']} ms, "
          f"p99 {found['p99_ms']} ms, max {found['max_ms']} ms, failures {found['failures']}")
    print(f"overload: ready again after {recovery:.1f} s; then p99 {after['p99_ms']} ms, {after['errors']} errors")
    status, _ = gateway.end()
    return (refused > 0 and found["p99_ms"] < 250 and found["lost"] == 0 and recovery <= 5 and after["errors"] == 0
            and status == 0)


def terminate(arguments):
    gateway = EotServe(arguments.eot).start()
    sessions = arguments.sessions or 100
    process = start_load(arguments, gateway, sessions, 30)
    time.sleep(8)
    start = time.monotonic()
    status, text = gateway.end()
    took = time.monotonic() - start
    found = finish_load(process)
    print(f"terminate: {sessions} sessions, exit status {status} after {took:.1f} s; {found['answers']} answers, "
          f"{found['lost']} lost, failures {found['failures']}")
    return status == 0 and found["lost"] == 0 and found["failures"] == {"close 1001": sessions}


def memory(arguments):
    gateway = EotServe(arguments.eot).start()
    # Some predictions first, so that what all share is there.
    load(arguments, gateway, 8, 8)
    before = gateway.rss()
    sessions = arguments.sessions or 300
    samples = Samples(gateway)
    found = load(arguments, gateway, sessions, 20)
    most = max(y for _, y in samples.stop())
    each = (most - before) / sessions
    print(f"memory: {before / 1e6:.1f} MB without sessions, {most / 1e6:.1f} MB with {sessions}: {each / 1e3:.0f} KB a "
          f"session; {found['errors']} errors, p99 {found['p99_ms']} ms")
    gateway.end()
    return each <= 350e3 and found["errors"] == 0


RUNS = {"soak": soak, "overload": overload, "terminate": terminate, "memory": memory}
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("run", choices=[*RUNS, "all"])
parser.add_argument("--minutes", type=float, default=20)
parser.add_argument("--sessions", type=int)
parser.add_argument("--eot", default=str(ROOT / ".build/release/eot"))
arguments = parser.parse_args()
if not CALLS:
    sys.exit("the calls are missing; run `make test-data`")
names = ["overload", "terminate", "memory"] if arguments.run == "all" else [arguments.run]
failed = [name for name in names if not RUNS[name](arguments)]
if failed:
    sys.exit(f"does not hold: {', '.join(failed)}")
