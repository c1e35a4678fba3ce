#!/usr/bin/env python3
"""Compares `eot serve` with the same protocol served in Python (python_gateway.py): predictions a second at saturation.

    Benchmarks/gateway.py [--rounds 3] [--seconds 20] [--sessions 8]

It needs `make build test-data` before; the first run makes a virtual environment in .eot/bench-gateway. Each round
starts every server in turn and lets `eot load --saturate` ask it: each session streams a call (scripts/make_calls.py)
in real time and asks again at each answer. The load generator shares the machine with whatever it measures. `cpu` is
the server's own processor time for each answer. Ratios are medians over the rounds.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".eot" / "bench-gateway"
REQUIREMENTS = Path(__file__).with_name("gateway-requirements.txt")
OURS = ROOT / ".build" / "release" / "eot"
CALLS = sorted(str(path) for path in (ROOT / ".eot/fixtures/calls").glob("*.wav"))
CREDENTIALS = {"LIVEKIT_API_KEY": "bench", "LIVEKIT_API_SECRET": "bench-secret-of-some-length-0123456789"}
TICKS = os.sysconf("SC_CLK_TCK")


def python():
    stamp = VENV / ".requirements"
    if not stamp.is_file() or stamp.read_text() != REQUIREMENTS.read_text():
        venv.create(VENV, with_pip=True, clear=True)
        subprocess.run([VENV / "bin" / "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    return str(VENV / "bin" / "python")


def group_of(leader):
    """Processes of a process group: fields of /proc/PID/stat."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == leader:
                yield fields


class Server:
    """A server in a process group of its own."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True,
            env={**os.environ, **CREDENTIALS})
        line = self.process.stdout.readline()
        while line and '"port"' not in line and '"listening"' not in line:
            line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{name} did not start")
        told = json.loads(line[line.index("{"):])
        self.port = told.get("port") or told["listening"]

    def cpu(self):
        return sum(int(f[11]) + int(f[12]) for f in group_of(self.process.pid)) / TICKS

    def rss(self):
        return sum(int(f[21]) for f in group_of(self.process.pid)) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def load(port, arguments):
    command = [
        OURS, "load", "--json", "--saturate", "--cloud", f"http://127.0.0.1:{port}", "--sessions",
        str(arguments.sessions), "--seconds", str(arguments.seconds), *CALLS]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **CREDENTIALS})
    if not done.stdout:
        sys.exit(done.stderr)
    found = {}
    for line in done.stdout.splitlines():
        found.update(json.loads(line))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sessions", type=int, default=8)
    arguments = parser.parse_args()
    interpreter = python()
    peer = [interpreter, str(Path(__file__).with_name("python_gateway.py")), "--key", CREDENTIALS["LIVEKIT_API_KEY"],
            "--secret", CREDENTIALS["LIVEKIT_API_SECRET"]]
    servers = {
        "eot serve": [str(OURS), "serve", "--port", "0"],
        "Python, threads": peer,
        "Python, processes": [*peer, "--processes", str(os.cpu_count())],
    }
    rates = {name: [] for name in servers}
    print(f"{os.cpu_count()} processors, {arguments.sessions} sessions that ask all the time, "
          f"{arguments.seconds:.0f} s each")
    for round_number in range(arguments.rounds):
        for name, command in servers.items():
            server = Server(name, command)
            try:
                before = server.cpu()
                found = load(server.port, arguments)
                used = server.cpu() - before
                rss = server.rss()
            finally:
                server.stop()
            rates[name].append(found["answers_per_second"])
            # Answers of the warm-up took processor time too, at the same rate.
            answers = found["answers_per_second"] * (arguments.seconds + 9)
            print(f"round {round_number + 1}  {name:18} {found['answers_per_second']:7.1f} a second   "
                  f"p50 {found['p50_ms']:7.1f} ms   p99 {found['p99_ms']:7.1f} ms   "
                  f"cpu {used / answers * 1e3:5.1f} ms   rss {rss:6.0f} MB   errors {found['errors']}", flush=True)
    ours = rates["eot serve"]
    for name in list(servers)[1:]:
        ratio = statistics.median(a / b for a, b in zip(ours, rates[name]))
        print(f"eot serve / {name}: {ratio:.2f}")
    best = max(statistics.median(rates[name]) for name in list(servers)[1:])
    print(f"eot serve / the better of them: {statistics.median(ours) / best:.2f}")


if __name__ == "__main__":
    main()
