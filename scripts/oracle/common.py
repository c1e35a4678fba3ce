"""Paths, sessions and JSON of the oracle scripts."""

from __future__ import annotations

import hashlib
import json
import platform
import wave
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import soxr

ROOT = Path(__file__).resolve().parents[2]
EOT = ROOT / ".eot"
MODELS = EOT / "models"
FIXTURES = EOT / "fixtures"
GOLDENS = ROOT / "Tests" / "TurnInferenceTests" / "Fixtures"


def session(model: bytes | str, *, optimised: bool, saturating: bool = True) -> onnxruntime.InferenceSession:
    """One thread, on the processor.

    On x86 processors without VNNI, onnxruntime's integer kernels add pairs of products in saturating 16 bits unless
    told not to (`saturating=False`).
    """
    options = onnxruntime.SessionOptions()
    if not saturating:
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def probability(smart_turn: onnxruntime.InferenceSession, features: np.ndarray) -> float:
    features = features.reshape(1, 80, 800)
    return float(smart_turn.run(None, {"input_features": features})[0].reshape(-1)[0])


def read_int16(path: Path) -> np.ndarray:
    """The int16 samples of a mono 16 kHz WAV file."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000), path
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def as_float(samples: np.ndarray) -> np.ndarray:
    return samples.astype(np.float32) / np.float32(32768.0)


def last_8_seconds(samples: np.ndarray) -> np.ndarray:
    """What the model's reference caller does: the last 128 000 samples, zeros in front of fewer."""
    samples = samples[-128_000:] if samples.size else samples
    return np.pad(samples, (128_000 - samples.size, 0)).astype(np.float32)


def rounded(value: float, digits: int = 7) -> float:
    """`value` with so many significant digits: float32 has seven."""
    return float(f"{float(value):.{digits}g}")


def versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "soxr": soxr.__version__,
        "machine": platform.machine(),
        "vnni": "yes" if _has_vnni() else "no",
    }


def _has_vnni() -> bool:
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def file_facts(path: Path, *, with_hash: bool) -> dict[str, object]:
    """What tells a test that it has the file the numbers were made from.

    Files that soxr made get sums instead of a hash: another processor may round a sample differently.
    """
    samples = read_int16(path).astype(np.int64)
    facts: dict[str, object] = {"sampleCount": int(samples.size), "sumOfSquares": int((samples * samples).sum())}
    if with_hash:
        facts["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return facts


def write_json(name: str, made_by: str, content: dict[str, object]) -> None:
    GOLDENS.mkdir(parents=True, exist_ok=True)
    document = {"made_by": f"scripts/oracle/{made_by}", "versions": versions(), **content}
    path = GOLDENS / name
    path.write_text(_pretty(document) + "\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.1f} kB")


def _pretty(value: object, depth: int = 0) -> str:
    """JSON with one line for every innermost object or list."""
    pad = " " * (depth + 1)
    if isinstance(value, dict) and any(isinstance(v, (dict, list)) for v in value.values()):
        rows = [f"{pad}{json.dumps(k)}: {_pretty(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"
    if isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        return "[\n" + ",\n".join(pad + _pretty(v, depth + 1) for v in value) + "\n" + " " * depth + "]"
    return json.dumps(value)
