"""Makes Tests/TurnInferenceTests/Fixtures/*.json: what independent engines say about recorded speech.

    scripts/fetch.py && scripts/make_test_data.py
    python scripts/oracle/make_goldens.py        with scripts/oracle/requirements.txt installed

Smart Turn: onnxruntime, graph optimisations off, on the graph without its activation grid (float_graph.py), fed by
the numpy original of the features (features.py). Silero VAD: onnxruntime on the shipped file.
"""

from __future__ import annotations

import sys

import common
import features
import float_graph
import numpy as np
import onnx
import soxr
import windows

sys.path.insert(0, str(common.ROOT / "scripts"))
import make_test_data  # noqa: E402

SILERO = "silero_vad_16k_op15.onnx"

# Stage name -> (tensor of the pinned file, axes that bring it to [token, channel]).
STAGES = {
    "conv1_gelu": ("gelu", (1, 0)),
    "embedding": ("add_20", (0, 1)),
    "layer_0": ("add_146", (0, 1)),
    "layer_1": ("add_268", (0, 1)),
    "layer_2": ("add_390", (0, 1)),
    "layer_3": ("add_512", (0, 1)),
    "final_norm": ("layer_norm_8", (0, 1)),
    "pool_weights": ("softmax", (0, 1)),
    "pooled": ("sum_1", (0,)),
    "classifier_0": ("linear_26", (0,)),
    "classifier_4": ("linear_27", (0,)),
    "logit": ("linear_28", (0,)),
}
STAGE_WINDOWS = ("all-before-14.50", "turn-5-cut", "agent-user-whole")


class Engines:
    def __init__(self) -> None:
        path = common.MODELS / float_graph.FILE_NAME
        model = float_graph.load(path)
        reference = float_graph.reference_model(model)
        self.reference = common.session(reference.SerializeToString(), optimised=False)
        self.float32 = common.session(str(common.FIXTURES / "smart-turn-v3.2-float32.onnx"), optimised=False)
        self.shipped = common.session(str(path), optimised=True)
        self.shipped_exact = common.session(str(path), optimised=True, saturating=False)
        known = {output for node in reference.graph.node for output in node.output}
        for name, (tensor, _) in STAGES.items():
            assert tensor in known, (name, tensor)
            reference.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
        self.stages = common.session(reference.SerializeToString(), optimised=False)


def window_samples(window: windows.Window) -> np.ndarray:
    return common.as_float(common.read_int16(common.EOT / window.file)[window.start : window.end])


def all_windows() -> list[windows.Window]:
    files = [windows.telephone_file(prompt) for prompt in windows.PROMPTS]
    counts = {file: int(common.read_int16(common.EOT / file).size) for file in files}
    return windows.wideband() + windows.telephone(counts)


def probabilities(engines: Engines, chosen: list[windows.Window]) -> None:
    rows = []
    for window in chosen:
        mel = features.log_mel(window_samples(window))
        reference = common.probability(engines.reference, mel)
        float32 = common.probability(engines.float32, mel)
        assert abs(reference - float32) <= 1e-5, window
        rows.append(
            {
                "id": window.identifier,
                "kind": window.kind,
                "file": window.file,
                "start": window.start,
                "end": window.end,
                "p": common.rounded(reference),
                "pShippedDefault": common.rounded(common.probability(engines.shipped, mel)),
                "pShippedExact": common.rounded(common.probability(engines.shipped_exact, mel)),
            }
        )
    files = sorted({window.file for window in chosen})
    facts = {
        file: common.file_facts(common.EOT / file, with_hash=file == windows.SAMPLE) for file in files
    }
    about = {
        "p": "onnxruntime, optimisations off, activation Q/DQ pairs removed, features by the numpy original",
        "pShippedDefault": "onnxruntime, default options, the shipped file as it is",
        "pShippedExact": "the same with exact integer sums, as on processors with VNNI",
    }
    common.write_json("windows.json", "make_goldens.py", {"about": about, "files": facts, "windows": rows})


def stage_tensors(engines: Engines, chosen: list[windows.Window]) -> None:
    entries = []
    by_name = {window.identifier: window for window in chosen}
    names = [tensor for tensor, _ in STAGES.values()]
    for identifier in STAGE_WINDOWS:
        window = by_name[identifier]
        mel = features.log_mel(window_samples(window))
        outputs = engines.stages.run(["logits", *names], {"input_features": mel[None]})
        stages = {}
        for (stage, (_, axes)), value in zip(STAGES.items(), outputs[1:]):
            value = value[0].transpose(axes)
            stages[stage] = sampled(value, 100)
        entries.append({**window._asdict(), "p": common.rounded(outputs[0].item()), "stages": stages})
    about = "positions: index into the values in row-major [token, channel] order; sums over all values"
    common.write_json("stages.json", "make_goldens.py", {"about": about, "windows": entries})


def sampled(value: np.ndarray, count: int) -> dict[str, object]:
    """Values at about `count` spread positions, and sums over all."""
    flat = value.reshape(-1).astype(np.float64)
    # A step near the golden section of the size visits rows and columns evenly.
    step = max(1, int(flat.size * 0.6180339887) | 1)
    positions = sorted({index * step % flat.size for index in range(min(count, flat.size))})
    return {
        "shape": list(value.shape),
        "sum": common.rounded(flat.sum(), 9),
        "sumOfMagnitudes": common.rounded(np.abs(flat).sum(), 9),
        "maximumMagnitude": common.rounded(np.abs(flat).max()),
        "positions": positions,
        "values": [common.rounded(flat[index]) for index in positions],
    }


def synthetic_inputs() -> dict[str, tuple[str, np.ndarray]]:
    """Inputs that a test rebuilds from the recipe in the JSON; all are exact in int16 / 32768."""
    count = 128_000
    sine = np.rint(16384 * np.sin(2 * np.pi * 440 * np.arange(count) / 16_000))
    clipped = np.clip(np.rint(80_000 * np.sin(2 * np.pi * 220 * np.arange(count) / 16_000)), -32768, 32767)
    impulse = np.zeros(count)
    impulse[100_000] = 32767
    state, noise = 1, []
    for _ in range(count):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        noise.append((state >> 15) - 32768)
    step = np.full(64_000, 8192)
    made = {
        "empty": ("no samples", np.zeros(0)),
        "silence": ("128000 zeros", np.zeros(count)),
        "one-sample": ("one sample of 16384", np.array([16384])),
        "sine": ("rint(16384 sin(2 pi 440 n / 16000)), n < 128000", sine),
        "clipped": ("rint(80000 sin(2 pi 220 n / 16000)) limited to int16, n < 128000", clipped),
        "impulse": ("128000 zeros, but 32767 at 100000", impulse),
        "offset": ("128000 times 8192", np.full(count, 8192)),
        "step": ("64000 times 8192", step),
        "noise": ("x <- (1103515245 x + 12345) mod 2^31 from 1; (x >> 15) - 32768; 128000 values", np.array(noise)),
    }
    return {name: (recipe, common.as_float(value.astype("<i2"))) for name, (recipe, value) in made.items()}


def feature_values(engines: Engines, chosen: list[windows.Window]) -> None:
    entries = []
    for name, (recipe, samples) in synthetic_inputs().items():
        mel = features.log_mel(samples)
        p = common.rounded(common.probability(engines.reference, mel))
        entries.append({"id": name, "recipe": recipe, "p": p, "features": sampled(mel, 64)})
    picks = ("all-before-1.00", "all-before-14.50", "turn-5-cut", "agent-user-whole", "hello-world-cut", "dir-intro-whole")
    by_name = {window.identifier: window for window in chosen}
    for identifier in picks:
        window = by_name[identifier]
        mel = features.log_mel(window_samples(window))
        place = {"file": window.file, "start": window.start, "end": window.end}
        p = common.rounded(common.probability(engines.reference, mel))
        entries.append({"id": identifier, **place, "p": p, "features": sampled(mel, 64)})
    about = "positions: index into the features in row-major [mel, frame] order; sums over all 64000"
    common.write_json("features.json", "make_goldens.py", {"about": about, "inputs": entries})


def silero_trace(silero, samples: np.ndarray) -> tuple[list[float], np.ndarray]:
    state = np.zeros((2, 1, 128), dtype=np.float32)
    context = np.zeros(64, dtype=np.float32)
    rate = np.array(16_000, dtype=np.int64)
    trace = []
    samples = np.pad(samples, (0, -samples.size % 512))
    for start in range(0, samples.size, 512):
        chunk = samples[start : start + 512]
        given = np.concatenate([context, chunk])[None].astype(np.float32)
        p, state = silero.run(None, {"input": given, "state": state, "sr": rate})
        context = chunk[-64:]
        trace.append(common.rounded(p.item()))
    return trace, state


def silero_values() -> None:
    silero = common.session(str(common.MODELS / SILERO), optimised=False)
    entries = []
    for name in ("silence", "sine", "clipped", "impulse", "noise"):
        recipe, samples = synthetic_inputs()[name]
        trace, state = silero_trace(silero, samples[: 512 * 12])
        entries.append({"id": name, "recipe": recipe + "; the first 6144 samples", "p": trace})
    prompts = ("agent-user", "demo-nogo", "dir-intro", "followme-sorry", "hello-world", "vm-opts", "tt-weasels")
    for file in (windows.SAMPLE, *(f"{windows.TELEPHONE_FOLDER}/{prompt}.wav" for prompt in prompts)):
        trace, _ = silero_trace(silero, common.as_float(common.read_int16(common.EOT / file)))
        entries.append({"id": file, "file": file, "p": trace})
    about = "P(speech) of each 512-sample window from a fresh state; the last window is filled with zeros"
    common.write_json("silero.json", "make_goldens.py", {"about": about, "model": SILERO, "traces": entries})


def sample_rates(engines: Engines) -> None:
    rows = []
    for piece in windows.PIECES:
        for rate in windows.RATES:
            file = windows.rate_file(piece, rate)
            samples, found = make_test_data.read_wav(common.EOT / file)
            assert found == rate
            copy = soxr.resample(samples.astype(np.float32), rate, 16_000, quality="HQ")
            p = common.rounded(common.probability(engines.reference, features.log_mel(copy)))
            kind = "wideband" if piece.source == windows.SAMPLE else "telephone"
            rows.append({"file": file, "kind": kind, "rate": rate, "sampleCount": int(samples.size), "p": p})
    about = "p: the reference graph on the soxr-HQ copy of the file at 16 kHz"
    common.write_json("rates.json", "make_goldens.py", {"about": about, "files": rows})


def main() -> None:
    chosen = all_windows()
    assert len(chosen) >= 150 and len({window.identifier for window in chosen}) == len(chosen)
    engines = Engines()
    probabilities(engines, chosen)
    stage_tensors(engines, chosen)
    feature_values(engines, chosen)
    silero_values()
    sample_rates(engines)


if __name__ == "__main__":
    main()
