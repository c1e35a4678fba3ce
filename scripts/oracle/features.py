"""The log-mel features by the model authors' own numpy code, taken from the pipecat-ai wheel, not restated.

The wheel is looked for in .eot/cache, where scripts/fetch.py also looks; else pip downloads it to there.
"""

from __future__ import annotations

import subprocess
import sys
import types
import zipfile
from pathlib import Path

import common
import numpy as np

WHEEL = "pipecat_ai-1.14.0-py3-none-any.whl"
MEMBER = "pipecat/audio/turn/smart_turn/_whisper_features.py"


def _wheel() -> Path:
    folder = common.EOT / "cache"
    if not (folder / WHEEL).is_file():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        subprocess.run([*command, "pipecat-ai==1.14.0"], check=True)
    return folder / WHEEL


def _module() -> types.ModuleType:
    with zipfile.ZipFile(_wheel()) as archive:
        source = archive.read(MEMBER).decode()
    module = types.ModuleType("whisper_features")
    exec(compile(source, MEMBER, "exec"), module.__dict__)
    return module


_ORIGINAL = _module()


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Features [80, 800] of the last 8 s of mono 16 kHz float samples, zeros in front."""
    padded = common.last_8_seconds(np.asarray(samples, dtype=np.float32))
    return _ORIGINAL.compute_whisper_log_mel_features(padded, do_normalize=True)
