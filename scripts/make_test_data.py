#!/usr/bin/env python3
"""Writes the files under .eot/fixtures/ that the Swift tests read beside the fetched models and audio.

    scripts/make_test_data.py [--force]

* smart-turn-v3.2-float32.onnx: the shipped int8 file with plain float32 weights and no quantisation;
  smart-turn-v3.2-renamed.onnx: the shipped file with other names and another order of nodes; skeleton-*.onnx: model
  files without their larger tensors.
* telephone/*.wav: soxr-HQ copies at 16 kHz of 8 kHz prompts.
* rates/*.wav: pieces of speech at 8, 24, 44.1 and 48 kHz.
* conversation-*.wav: the sample conversation at 24 kHz mono, 44.1 kHz stereo and 8 kHz mu-law, and the soxr-HQ
  16 kHz mono copy of each.

Needs what scripts/fetch.py fetches. Runs in .eot/venv, built from scripts/requirements.txt. A second run finds
everything in place and does nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import wave
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
EOT = ROOT / ".eot"
FIXTURES = EOT / "fixtures"
VENV = EOT / "venv"
REQUIREMENTS = SCRIPTS / "requirements.txt"
STAMP = FIXTURES / ".stamp"
INSIDE = "EOT_TEST_DATA_INSIDE_VENV"

sys.path.insert(0, str(SCRIPTS / "oracle"))
import windows  # noqa: E402


def outputs() -> list[Path]:
    names = ["smart-turn-v3.2-float32.onnx", "smart-turn-v3.2-renamed.onnx"]
    names += ["skeleton-int8.onnx", "skeleton-float32.onnx", "skeleton-silero.onnx"]
    for kind in ("24k", "44k-stereo", "8k-mulaw"):
        names += [f"conversation-{kind}.wav", f"conversation-{kind}-at-16k.wav"]
    files = [FIXTURES / name for name in names]
    files += [EOT / windows.telephone_file(prompt) for prompt in windows.PROMPTS]
    files += [EOT / windows.rate_file(piece, rate) for piece in windows.PIECES for rate in windows.RATES]
    return files


def recipe() -> str:
    """What the outputs depend on, apart from the fetched files, which are pinned by hash."""
    digest = hashlib.sha256()
    for name in ("make_test_data.py", "requirements.txt", "oracle/windows.py", "oracle/float_graph.py"):
        digest.update((SCRIPTS / name).read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text() == recipe() and all(path.is_file() for path in outputs())


def fail(message: str) -> None:
    sys.exit(f"make_test_data: {message}")


# The virtual environment: made with the system's Python alone.


def build_venv() -> Path:
    python = VENV / "bin" / "python"
    mark = VENV / ".requirements"
    wanted = REQUIREMENTS.read_text()
    if mark.is_file() and mark.read_text() == wanted and python.is_file():
        return python
    shutil.rmtree(VENV, ignore_errors=True)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True).returncode != 0:
        install_venv_package()
        shutil.rmtree(VENV, ignore_errors=True)
        done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"cannot make a virtual environment; install python3-venv ({done.stderr.strip()[-200:]})")
    print("make_test_data: installing " + ", ".join(package_names(wanted)), flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    if subprocess.run(pip).returncode != 0:
        fail(f"pip could not install {REQUIREMENTS.name}; with no network, install its packages by hand")
    mark.write_text(wanted)
    return python


def package_names(text: str) -> list[str]:
    return sorted({line.split("==")[0] for line in text.splitlines() if "==" in line})


def install_venv_package() -> None:
    if shutil.which("apt-get") is None:
        fail("this Python has no venv module; install it (Debian: python3-venv)")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "python3-venv", "python3-pip"]):
        subprocess.run([*sudo, "apt-get", *arguments], stdout=subprocess.DEVNULL)


# The files: inside the virtual environment.


def find_prompt(name: str) -> Path:
    path = EOT / "audio" / "asterisk" / "en" / f"{name}.wav"
    if not path.is_file():
        fail(f"{path.relative_to(ROOT)} is missing; run scripts/fetch.py prompts first")
    return path


def read_wav(path: Path):
    """(float64 samples of the first channel in -1...1, sample rate) of a 16-bit PCM file."""
    import numpy as np

    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2, path
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return raw[:: file.getnchannels()].astype(np.float64) / 32768.0, file.getframerate()


def to_int16(samples):
    import numpy as np

    return np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")


def write_wav(path: Path, samples, rate: int) -> None:
    """Writes int16 samples, [count] or [count, channels]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def encode_mulaw(samples):
    """ITU-T G.711 mu-law bytes of int16 samples."""
    import numpy as np

    value = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(value), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    code = ((value < 0).astype(np.int32) << 7) | (exponent << 4) | mantissa
    return (~code & 255).astype(np.uint8)


def decode_mulaw(codes):
    import numpy as np

    code = ~codes.astype(np.int32) & 255
    magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132
    return np.where(code & 128, -magnitude, magnitude)


def write_mulaw(path: Path, codes, rate: int) -> None:
    data = codes.tobytes()
    format_chunk = struct.pack("<4sIHHIIHHH", b"fmt ", 18, 7, 1, rate, rate, 1, 8, 0)
    fact_chunk = struct.pack("<4sII", b"fact", 4, len(data))
    body = b"WAVE" + format_chunk + fact_chunk + struct.pack("<4sI", b"data", len(data)) + data
    body += b"\0" * (len(data) % 2)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def resample(samples, source: int, target: int, quality: str = "HQ"):
    import soxr

    return samples if source == target else soxr.resample(samples, source, target, quality=quality)


def write_conversations() -> None:
    import numpy as np

    samples, rate = read_wav(EOT / windows.SAMPLE)

    def copy_at_16k(kind: str, source, source_rate: int) -> None:
        mono = resample(source.astype(np.float32), source_rate, 16_000)
        write_wav(FIXTURES / f"conversation-{kind}-at-16k.wav", to_int16(mono), 16_000)

    at_24k = to_int16(resample(samples, rate, 24_000, "VHQ"))
    write_wav(FIXTURES / "conversation-24k.wav", at_24k, 24_000)
    copy_at_16k("24k", at_24k / 32768.0, 24_000)

    left = to_int16(resample(samples, rate, 44_100, "VHQ"))
    stereo = np.stack([left, left // 2], axis=1).astype("<i2")  # unequal, so that dropping a channel shows
    write_wav(FIXTURES / "conversation-44k-stereo.wav", stereo, 44_100)
    copy_at_16k("44k-stereo", stereo.mean(axis=1) / 32768.0, 44_100)

    codes = encode_mulaw(to_int16(resample(samples, rate, 8_000, "VHQ")))
    write_mulaw(FIXTURES / "conversation-8k-mulaw.wav", codes, 8_000)
    copy_at_16k("8k-mulaw", decode_mulaw(codes) / 32768.0, 8_000)


def write_telephone() -> None:
    import numpy as np

    for prompt in windows.PROMPTS:
        samples, rate = read_wav(find_prompt(prompt))
        copy = resample(samples.astype(np.float32), rate, 16_000)
        write_wav(EOT / windows.telephone_file(prompt), to_int16(copy), 16_000)


def write_rates() -> None:
    for piece in windows.PIECES:
        if piece.source == windows.SAMPLE:
            samples, source_rate = read_wav(EOT / windows.SAMPLE)
            samples = samples[piece.start : piece.end]
        else:
            samples, source_rate = read_wav(find_prompt(piece.source))
        for rate in windows.RATES:
            write_wav(EOT / windows.rate_file(piece, rate), to_int16(resample(samples, source_rate, rate, "VHQ")), rate)


def write_models() -> None:
    import float_graph
    import onnx

    shipped = float_graph.load(EOT / "models" / float_graph.FILE_NAME)
    float32 = float_graph.float32_model(shipped)
    silero = onnx.load(str(EOT / "models" / "silero_vad_16k_op15.onnx"))
    float_graph.write(float32, FIXTURES / "smart-turn-v3.2-float32.onnx")
    float_graph.write(float_graph.renamed_model(shipped), FIXTURES / "smart-turn-v3.2-renamed.onnx")
    for name, model in (("int8", shipped), ("float32", float32), ("silero", silero)):
        float_graph.write(float_graph.skeleton(model), FIXTURES / f"skeleton-{name}.onnx")


def write_all() -> None:
    if not (EOT / windows.SAMPLE).is_file():
        fail(f".eot/{windows.SAMPLE} is missing; run scripts/fetch.py first")
    FIXTURES.mkdir(parents=True, exist_ok=True)
    STAMP.unlink(missing_ok=True)
    write_models()
    write_conversations()
    write_telephone()
    write_rates()
    STAMP.write_text(recipe())
    print(f"make_test_data: wrote {len(outputs())} files to {FIXTURES.relative_to(ROOT)}")


def main() -> None:
    if os.environ.get(INSIDE):
        write_all()
        return
    if is_current() and "--force" not in sys.argv[1:]:
        return
    if sys.version_info < (3, 10):
        fail(f"Python 3.10 or newer is needed, this is {sys.version.split()[0]}; run it with a newer python3")
    python = build_venv()
    environment = {**os.environ, INSIDE: "1"}
    sys.exit(subprocess.run([str(python), str(Path(__file__).resolve())], env=environment).returncode)


if __name__ == "__main__":
    main()
