#!/usr/bin/env python3
"""Puts Debian's nginx with deploy/nginx/eot.conf in front of two gateways and kills one after the other, under load.

soak_nginx.py [--seconds 60] [--every 2] [--runs 4] [--cut S] [--eot PATH] AUDIO

`eot detect --cloud --realtime` works through the recording so many times side by side, again and again, until that time
is over; meanwhile one of the two gateways (`eot serve`) is killed with SIGKILL and started anew, in turns. Every
detection is checked against one without any gateway: no turn may be lost. --cut takes the first S seconds of a WAV
file only. Needs a release build of eot, the models and nginx (scripts/nginx.sh); loopback only.
"""

import argparse
import asyncio
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import wave

from detections import ROOT, Detection, EotServe, free_port, reference, summary

NGINX = subprocess.run([ROOT / "scripts/nginx.sh", "path"], capture_output=True, text=True).stdout.strip()


def configuration(folder, port, gateways):
    """The deployed configuration with other ports, and what nginx needs around it."""
    text = (ROOT / "deploy/nginx/eot.conf").read_text()
    text = text.replace("listen 127.0.0.1:8080", f"listen 127.0.0.1:{port}")
    for known, gateway in zip((8081, 8082), gateways):
        text, count = re.subn(rf"server 127\.0\.0\.1:{known}\b", f"server 127.0.0.1:{gateway.port}", text)
        assert count == 1, known
    (folder / "eot.conf").write_text(text)
    temporary = "\n".join(f"    {kind}_temp_path {folder}/{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log warn;\nworker_processes 2;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{\n{temporary}\n    include {folder}/eot.conf;\n}}\n")


def cut(path, seconds, folder):
    with wave.open(path) as source, wave.open(str(folder / "cut.wav"), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(round(seconds * source.getframerate())))
    return str(folder / "cut.wav")


async def detect_until(end, arguments, url, audio, expected, results):
    while time.monotonic() < end:
        results.append(await Detection.run(arguments.eot, url, audio, expected))


async def main(arguments, folder):
    audio = cut(arguments.audio, arguments.cut, folder) if arguments.cut else arguments.audio
    expected = reference(arguments.eot, audio)
    gateways = [EotServe(arguments.eot).start() for _ in range(2)]
    port = free_port()
    configuration(folder, port, gateways)
    nginx = subprocess.Popen([NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
    kills, results = 0, []
    try:
        await asyncio.sleep(0.5)
        start = time.monotonic()
        end = start + arguments.seconds
        runs = [asyncio.create_task(detect_until(end, arguments, f"http://127.0.0.1:{port}", audio, expected, results))
                for _ in range(arguments.runs)]
        while time.monotonic() < end:
            await asyncio.sleep(arguments.every)
            gateways[kills % 2].kill()
            gateways[kills % 2].start()
            kills += 1
        await asyncio.gather(*runs)
    finally:
        nginx.terminate()
        nginx.wait()
        for gateway in gateways:
            gateway.kill()
    text, by_cloud = summary(results)
    print(f"{kills} kills, {text}, {time.monotonic() - start:.0f} s")
    return 0 if by_cloud > 0 and results and not any(result.wrong for result in results) else 1


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("audio")
parser.add_argument("--seconds", type=float, default=60)
parser.add_argument("--every", type=float, default=2)
parser.add_argument("--runs", type=int, default=4)
parser.add_argument("--cut", type=float)
parser.add_argument("--eot", default=str(ROOT / ".build/release/eot"))
if not NGINX:
    sys.exit("nginx is missing; run `scripts/nginx.sh install`, or install it")
with tempfile.TemporaryDirectory() as name:
    # nginx's worker processes have a user of their own.
    pathlib.Path(name).chmod(0o755)
    sys.exit(asyncio.run(main(parser.parse_args(), pathlib.Path(name))))
