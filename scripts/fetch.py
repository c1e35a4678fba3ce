#!/usr/bin/env python3
"""Fetches the model files and the recordings that this project uses but does not contain.

Usage: scripts/fetch.py [models] [sample] [prompts]    (default: models sample)

    models   Smart Turn v3.2 and Silero VAD v6   -> .eot/models/
    sample   a recorded conversation, labelled   -> .eot/audio/
    prompts  telephone prompts, for the tests    -> .eot/audio/asterisk/en/

Every file has a pinned size and SHA-256. What is there and right is left alone, so that a second run
needs no network. Packages come through `pip download` and `apt-get download`, with whatever indexes those
are set up to use; a package file placed in .eot/cache/ by hand is used instead.

Needs Python 3.9 or newer, nothing else; pip is installed with apt-get when it is missing.
"""

import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent / ".eot"
CACHE = ROOT / "cache"


class FetchError(Exception):
    """One line for the user: what happened; what to do."""


@dataclass(frozen=True)
class File:
    member: str  # path inside the package
    target: str  # path below .eot
    size: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A package of PyPI."""

    name: str
    version: str
    files: tuple

    @property
    def title(self):
        return f"{self.name} {self.version} from PyPI"

    @property
    def pattern(self):
        return f"{self.name.replace('-', '_')}-{self.version}-*.whl"

    def by_hand(self):
        return (
            f"on a machine with a network run `pip download --no-deps --only-binary=:all: "
            f"{self.name}=={self.version}` and put the .whl file into {CACHE}"
        )


@dataclass(frozen=True)
class Prompts:
    """A Debian package of telephone prompts; its folder of WAV files is unpacked whole."""

    package: str
    version: str
    size: int
    sha256: str
    folder: str
    wav_count: int
    target: str

    @property
    def title(self):
        return f"{self.package} {self.version} from Debian"

    @property
    def pattern(self):
        return f"{self.package}_{self.version}_all.deb"

    def by_hand(self):
        return (
            f"on a Debian machine with a network run `apt-get download {self.package}={self.version}` "
            f"and put the .deb file into {CACHE}"
        )


GROUPS = {
    "models": (
        Wheel(
            "pipecat-ai",
            "1.14.0",
            (
                File(
                    "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                    "models/smart-turn-v3.2-cpu.onnx",
                    8_679_182,
                    "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
                ),
            ),
        ),
        Wheel(
            "silero-vad",
            "6.2.3",
            (
                File(
                    "silero_vad/data/silero_vad_16k_op15.onnx",
                    "models/silero_vad_16k_op15.onnx",
                    1_289_603,
                    "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
                ),
            ),
        ),
    ),
    "sample": (
        Wheel(
            "pyannote-audio",
            "4.0.7",
            (
                File(
                    "pyannote/audio/sample/sample.wav",
                    "audio/sample.wav",
                    960_104,
                    "c319b4abca767b124e41432d364fd7df006cb26bb79d09326c487d606a134e6e",
                ),
                File(
                    "pyannote/audio/sample/sample.rttm",
                    "audio/sample.rttm",
                    596,
                    "d78fe62c69d8e6dcbb42c26adfce83faccb374c5a1e6d987fe37f85f1c173c87",
                ),
            ),
        ),
    ),
    "prompts": (
        Prompts(
            "asterisk-core-sounds-en-wav",
            "1.6.1-1",
            18_272_864,
            "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
            "./usr/share/asterisk/sounds/en_US_f_Allison/",
            568,
            "audio/asterisk/en",
        ),
    ),
}


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def is_intact(path, size, digest):
    return path.is_file() and path.stat().st_size == size and sha256(path) == digest


def run(command, folder=None):
    """Runs a command quietly; what went wrong in one line, or None."""
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    if done.returncode == 0:
        return None
    if any(sign in done.stdout for sign in ("NewConnectionError", "Temporary failure resolving")):
        return "no connection to the package index"
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR", "E:"))]
    return (errors or lines or [f"exit status {done.returncode}"])[-1]


def as_root(command):
    if os.geteuid() == 0:
        return command
    return ["sudo", "-n", *command]


def ensure_pip():
    if run([sys.executable, "-m", "pip", "--version"]) is None:
        return
    print("pip is missing; installing python3-pip with apt-get", flush=True)
    install = as_root(["apt-get", "install", "-y", "--no-install-recommends", "python3-pip"])
    problem = run(install)
    if problem is not None:
        run(as_root(["apt-get", "update"]))
        problem = run(install)
    if problem is not None:
        raise FetchError(f"pip is missing and could not be installed ({problem})")


def download_wheel(wheel, folder):
    ensure_pip()
    problem = run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries", "2",
            "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--ignore-requires-python",
            "--dest", str(folder), f"{wheel.name}=={wheel.version}",
        ]
    )
    if problem is not None:
        raise FetchError(problem)


def download_deb(prompts, folder):
    fetch = ["apt-get", "download", f"{prompts.package}={prompts.version}"]
    if os.geteuid() == 0:
        fetch[1:1] = ["-o", "APT::Sandbox::User=root"]
    problem = run(fetch, folder)
    if problem is not None:
        update = run(as_root(["apt-get", "update"]))
        problem = run(fetch, folder) if update is None else problem
    if problem is not None:
        raise FetchError(problem)


def package_file(package, download):
    """The package's file in the cache, downloaded when it is not there; and whether it was there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    cached = sorted(CACHE.glob(package.pattern))
    if cached:
        return cached[0], True
    print(f"fetching {package.title}", flush=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".download-") as folder:
        try:
            download(package, folder)
        except FetchError as error:
            raise FetchError(f"{package.title} cannot be fetched ({error}); {package.by_hand()}") from None
        found = sorted(pathlib.Path(folder).glob(package.pattern))
        if not found:
            raise FetchError(f"the download of {package.title} brought no {package.pattern}; {package.by_hand()}")
        os.replace(found[0], CACHE / found[0].name)
        return CACHE / found[0].name, False


def place(data, file):
    """Writes a file under its name only when it is complete."""
    if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
        raise ValueError(f"{file.member} is not the expected file")
    target = ROOT / file.target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    print(f"{target.relative_to(ROOT.parent)}: {file.size} bytes, SHA-256 verified", flush=True)


def fetch_wheel(wheel):
    missing = [file for file in wheel.files if not is_intact(ROOT / file.target, file.size, file.sha256)]
    if not missing:
        return
    path, was_cached = package_file(wheel, download_wheel)
    try:
        with zipfile.ZipFile(path) as archive:
            for file in missing:
                place(archive.read(file.member), file)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError) as error:
        raise damaged(wheel, path, was_cached, error) from None


def damaged(package, path, was_cached, error):
    if not was_cached:
        path.unlink()
    advice = f"delete {path} and run again" if was_cached else package.by_hand()
    return FetchError(f"{path.name} is not the {package.title} that was expected ({error}); {advice}")


def deb_data(path):
    """The data archive of a .deb file: an `ar` archive with a member `data.tar.*`."""
    with open(path, "rb") as file:
        if file.read(8) != b"!<arch>\n":
            raise ValueError("not a Debian package")
        while len(header := file.read(60)) == 60:
            name = header[:16].decode("ascii", "replace").strip().rstrip("/")
            size = int(header[48:58])
            if name.startswith("data.tar"):
                return io.BytesIO(file.read(size))
            file.seek(size + size % 2, os.SEEK_CUR)
    raise ValueError("no data in it")


def fetch_prompts(prompts):
    target = ROOT / prompts.target
    # The folder appears with all its files at once, so that its count tells whether it is whole.
    if target.is_dir() and sum(1 for _ in target.rglob("*.wav")) == prompts.wav_count:
        return
    path, was_cached = package_file(prompts, download_deb)
    if not is_intact(path, prompts.size, prompts.sha256):
        raise damaged(prompts, path, was_cached, "its SHA-256 differs")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpack-") as folder:
        unpacked = pathlib.Path(folder) / target.name
        with tarfile.open(fileobj=deb_data(path), mode="r:*") as archive:
            for member in archive:
                if not (member.isfile() and member.name.startswith(prompts.folder)):
                    continue
                out = unpacked / member.name[len(prompts.folder):]
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_bytes(archive.extractfile(member).read())
        if target.exists():
            shutil.rmtree(target)
        os.replace(unpacked, target)
    print(f"{target.relative_to(ROOT.parent)}: {prompts.wav_count} prompts", flush=True)


def main(arguments):
    if any(argument in ("-h", "--help") for argument in arguments):
        print(__doc__.strip())
        return 0
    groups = arguments or ["models", "sample"]
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        print(f"fetch.py: no group {unknown[0]}; use {', '.join(GROUPS)}", file=sys.stderr)
        return 64
    try:
        for group in groups:
            for package in GROUPS[group]:
                fetch = fetch_prompts if isinstance(package, Prompts) else fetch_wheel
                fetch(package)
    except FetchError as error:
        print(f"fetch.py: {error}", file=sys.stderr)
        return 69
    except OSError as error:
        print(f"fetch.py: {error}; check the permissions of and the space in {ROOT}", file=sys.stderr)
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
