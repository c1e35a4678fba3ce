#!/usr/bin/env python3
"""Writes the expected values of Tests/TurnAudioTests: wav-zoo.json, g711.json, resampler.json.

    scripts/oracle/make_audio_fixtures.py

* wav-zoo.json: small WAV files of each encoding, written and read back by libsndfile (soundfile).
* g711.json: the 16-bit value of each A-law and mu-law code, by libsndfile.
* resampler.json: pieces of sweeps and of speech-like noise, resampled by soxr in its HQ setting. The signals are
  sums of sines in closed form, which the tests repeat.

Needs numpy, soundfile and soxr (numpy==2.4.6 soundfile==0.14.0 soxr==1.1.0 made the committed files) and
installs them into .eot/venv-audio when the Python that runs it lacks one. Python 3.11 or newer.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "TurnAudioTests" / "Fixtures"
VENV = ROOT / ".eot" / "venv-audio"
PACKAGES = ["numpy==2.4.6", "soundfile==0.14.0", "soxr==1.1.0"]

try:
    import numpy as np
    import soundfile as sf
    import soxr
except ImportError:
    if Path(sys.prefix) == VENV:
        raise
    if not (VENV / "bin" / "python").exists():
        venv.create(VENV, with_pip=True)
        subprocess.check_call([VENV / "bin" / "pip", "install", "-q", *PACKAGES])
    os.execv(VENV / "bin" / "python", [str(VENV / "bin" / "python"), *sys.argv])


def text(values, kind) -> str:
    """Little-endian values as base64."""
    return base64.b64encode(np.asarray(values, dtype=kind).tobytes()).decode()


def write(name: str, value) -> None:
    path = FIXTURES / name
    path.write_text(json.dumps(value, indent=1) + "\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def undated(file: bytes) -> bytes:
    """The file without the time of its making (PEAK chunk), so that each run writes the same."""
    peak = file.find(b"PEAK")
    return file if peak < 0 else file[: peak + 12] + bytes(4) + file[peak + 16 :]


def wav_zoo() -> list[dict]:
    generator = np.random.default_rng(16)
    subtypes = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"]
    shapes = [("WAV", 16000, 1), ("WAV", 44100, 2), ("WAVEX", 192000, 8), ("WAVEX", 8000, 3), ("RF64", 48000, 2)]
    zoo = []
    for container, rate, channels in shapes:
        for subtype in subtypes:
            if not sf.check_format(container, subtype):
                continue
            count = 17 if channels < 8 else 5
            samples = generator.uniform(-1, 1, (count, channels))
            samples[0] = 0.999999
            samples[1] = -1
            file = io.BytesIO()
            sf.write(file, samples, rate, format=container, subtype=subtype)
            file.seek(0)
            expected, read_rate = sf.read(file, dtype="float64", always_2d=True)
            assert read_rate == rate and expected.shape == samples.shape
            zoo.append(
                {
                    "name": f"{container} {subtype} {channels} x {rate} Hz",
                    "rate": rate,
                    "channels": channels,
                    "bytes": base64.b64encode(undated(file.getvalue())).decode(),
                    "samples": text(expected.reshape(-1), "<f4"),
                }
            )
    return zoo


def g711() -> dict:
    tables = {}
    for name, subtype in [("aLaw", "ALAW"), ("muLaw", "ULAW")]:
        codes = io.BytesIO(bytes(range(256)))
        values, _ = sf.read(
            codes, dtype="int16", format="RAW", subtype=subtype, samplerate=8000, channels=1
        )
        tables[name] = values.tolist()
    return tables


def sweep(rate: int, narrower: float) -> np.ndarray:
    """One second from 50 Hz to 0.89 of the narrower Nyquist frequency, faded in and out over 50 ms."""
    t = np.arange(rate) / rate
    first, last = 50.0, 0.89 * narrower
    fade = np.minimum(1, np.minimum(t, 1 - t) / 0.05)
    return 0.8 * (0.5 - 0.5 * np.cos(np.pi * fade)) * np.sin(2 * np.pi * (first + (last - first) * t / 2) * t)


def voice(rate: int, narrower: float) -> np.ndarray:
    """One second of noise with speech's slope and syllables: 97 sines, four times a second."""
    t = np.arange(rate) / rate
    sum_ = np.zeros(rate)
    for k in range(97):
        frequency = 80 + (0.88 * narrower - 80) * ((k * 0.6180339887498949) % 1)
        phase = 2 * np.pi * ((k * k * 0.7548776662466927) % 1)
        sum_ += np.sin(2 * np.pi * frequency * t + phase) / (1 + frequency / 500)
    return 0.05 * (0.5 - 0.5 * np.cos(2 * np.pi * 4 * t)) * sum_


def resampler() -> list[dict]:
    cases = []
    pairs = [(44100, 16000), (48000, 16000), (96000, 16000), (24000, 16000), (8000, 16000), (11025, 16000),
             (8001, 16000), (16000, 44100)]
    for source, target in pairs:
        for name, signal in [("sweep", sweep), ("voice", voice)]:
            output = soxr.resample(signal(source, min(source, target) / 2), source, target, quality="HQ")
            # Where the syllables are loudest.
            starts = [target * eighth // 8 - 96 for eighth in (1, 3, 5, 7)]
            cases.append(
                {
                    "signal": name,
                    "from": source,
                    "to": target,
                    "pieces": [
                        {"start": start, "samples": text(output[start : start + 192], "<f4")} for start in starts
                    ],
                }
            )
    return cases


if __name__ == "__main__":
    write("wav-zoo.json", wav_zoo())
    write("g711.json", g711())
    write("resampler.json", resampler())
