#!/usr/bin/env python3
"""Compares this package with onnxruntime and OpenVINO: one thread each, the same 8 s of audio, taking turns.

    Benchmarks/compare.py                     everything, about three minutes
    Benchmarks/compare.py --rounds 3          a quick look
    Benchmarks/compare.py --kernel avx2       other kernels of ours

It needs `make build test-data` before. The first run makes a virtual environment in .eot/compare from
Benchmarks/requirements.txt. Times are medians over all rounds; a ratio is the other engine's time over ours. Engines
take turns within a round, so that what else the machine does meets all of them.

  features        80 x 800 log-mel features of 8 s: the numpy original (pipecat-ai) against ours
  encoder         the network alone: the shipped int8 file, and its weights as a float32 graph. OpenVINO is asked to
                  leave float parts float32; its own choice on some processors is bfloat16, a row of its own
  held to AVX2    ours with --kernel avx2, OpenVINO with ONEDNN_MAX_CPU_ISA=AVX2, in a process of its own
  prediction      features and network
  VAD window      512 samples through Silero VAD
  start           exec to first answer, the answer's own computing taken off
  RSS             resident memory of a process that holds both models (OpenVINO cannot read the Silero file: it holds
                  onnxruntime's session of it)
  further stream  resident memory of each further stream of live audio (ours)
  threads         ours: one prediction on two threads, and predictions a second of eight streams on one and two
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EOT = ROOT / ".eot"
VENV = EOT / "compare"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
SAMPLE = EOT / "audio" / "sample.wav"
SHIPPED = EOT / "models" / "smart-turn-v3.2-cpu.onnx"
FLOAT32 = EOT / "fixtures" / "smart-turn-v3.2-float32.onnx"
SILERO = EOT / "models" / "silero_vad_16k_op15.onnx"
OURS = ROOT / ".build" / "release" / "eot"


def in_venv() -> None:
    """Starts this script again in its own virtual environment."""
    if Path(sys.prefix) == VENV:
        return
    stamp = VENV / ".requirements"
    if not stamp.is_file() or stamp.read_text() != REQUIREMENTS.read_text():
        venv.create(VENV, with_pip=True, clear=True)
        subprocess.run([VENV / "bin" / "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    os.execv(VENV / "bin" / "python", [str(VENV / "bin" / "python"), __file__, *sys.argv[1:]])


def audio():
    """The first 8 s of the sample conversation."""
    import wave

    import numpy as np

    with wave.open(str(SAMPLE)) as file:
        samples = np.frombuffer(file.readframes(128_000), "<i2")
    return samples.astype(np.float32) / np.float32(32768)


def numpy_features():
    import types
    import zipfile

    wheel = EOT / "cache" / "pipecat_ai-1.14.0-py3-none-any.whl"
    source = zipfile.ZipFile(wheel).read("pipecat/audio/turn/smart_turn/_whisper_features.py").decode()
    module = types.ModuleType("whisper_features")
    exec(compile(source, "whisper_features", "exec"), module.__dict__)
    return lambda x: module.compute_whisper_log_mel_features(x, do_normalize=True)


def onnx_session(path: Path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def openvino_model(path: Path, precision: str | None = "f32"):
    import openvino

    hints = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    if precision:
        hints["INFERENCE_PRECISION_HINT"] = precision
    return openvino.Core().compile_model(str(path), "CPU", hints)


class HeldToAVX2:
    """OpenVINO in a process whose kernels are held to AVX2; it answers when told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--child", "avx2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"})

    def seconds(self) -> float:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Times:
    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def measure(self, name: str, body, count: int = 1) -> None:
        start = time.perf_counter()
        for _ in range(count):
            body()
        self.values.setdefault(name, []).append((time.perf_counter() - start) / count)

    def add(self, name: str, seconds: float) -> None:
        self.values.setdefault(name, []).append(seconds)

    def median(self, name: str) -> float:
        return statistics.median(self.values[name])


def bench(*options: str) -> dict:
    command = [OURS, "bench", "--json", "--audio", SAMPLE, "--iterations", "3", "--warm-up", "1", *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)


def start_of_ours() -> tuple[float, float]:
    """Wall time of a process that answers once, and what of it is computing."""
    start = time.perf_counter()
    command = [OURS, "predict", "--json", "--at", "8", SAMPLE]
    answer = subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout
    wall = time.perf_counter() - start
    line = json.loads(answer.splitlines()[0])
    return wall, (line["features_ms"] + line["inference_ms"]) / 1e3


def child(engine: str) -> None:
    """One answer in a fresh process; says how long the answer itself took and what the process holds. Held to AVX2: an
    answer for every line of the input."""
    import numpy as np

    samples = audio()
    features = np.asarray(numpy_features()(samples), np.float32).reshape(1, 80, 800)
    if engine == "avx2":
        model = openvino_model(SHIPPED)
        model([features])
        for _ in sys.stdin:
            start = time.perf_counter()
            model([features])
            print(time.perf_counter() - start, flush=True)
        return
    vad = onnx_session(SILERO)
    if engine == "onnxruntime":
        session = onnx_session(SHIPPED)
        start = time.perf_counter()
        session.run(None, {"input_features": features})
    else:
        model = openvino_model(SHIPPED)
        start = time.perf_counter()
        model([features])
    seconds = time.perf_counter() - start
    resident = next(x for x in open("/proc/self/status") if x.startswith("VmRSS")).split()[1]
    del vad
    print(json.dumps({"seconds": seconds, "rss_mb": int(resident) * 1024 / 1e6}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--kernel", help="our kernels, as `eot bench --kernel`")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for path in (SAMPLE, SHIPPED, FLOAT32, SILERO, OURS):
        if not path.is_file():
            sys.exit(f"{path.relative_to(ROOT)} is missing; run `make build test-data`")
    in_venv()
    if arguments.child:
        return child(arguments.child)

    import numpy as np
    import onnxruntime
    import openvino

    samples = audio()
    extract = numpy_features()
    features = np.asarray(extract(samples), np.float32).reshape(1, 80, 800)
    sessions = {name: onnx_session(path) for name, path in (("int8", SHIPPED), ("float32", FLOAT32))}
    models = {name: openvino_model(path) for name, path in (("int8", SHIPPED), ("float32", FLOAT32))}
    own_choice = openvino_model(SHIPPED, None)
    held = HeldToAVX2() if platform.machine() == "x86_64" else None
    vad = onnx_session(SILERO)
    vad_input = {
        "input": np.zeros((1, 576), np.float32), "state": np.zeros((2, 1, 128), np.float32),
        "sr": np.array(16_000, np.int64),
    }
    vad_input["input"][0] = samples[40_000:40_576]
    vad_input = {i.name: vad_input[i.name] for i in vad.get_inputs()}
    kernel = ["--kernel", arguments.kernel] if arguments.kernel else []

    times = Times()
    for _ in range(arguments.rounds):
        times.measure("numpy features", lambda: extract(samples))
        for name in ("int8", "float32"):
            times.measure(f"onnxruntime {name}", lambda: sessions[name].run(None, {"input_features": features}))
            times.measure(f"OpenVINO {name}", lambda: models[name]([features]))
        times.measure("OpenVINO own choice", lambda: own_choice([features]))
        times.measure("onnxruntime vad", lambda: vad.run(None, vad_input), 200)
        for precision in ("fast", "reference"):
            line = bench(*kernel, "--precision", precision)
            for key, unit in (("features_ms", 1e3), ("encoder_ms", 1e3), ("predict_ms", 1e3), ("vad_us", 1e6)):
                times.add(f"{precision} {key}", line[key]["median"] / unit)
            times.add(f"{precision} rss", line["rss_mb"])
            used = line["kernel"]
        times.add("two threads", bench(*kernel, "--threads", "2")["encoder_ms"]["median"] / 1e3)
        if held:
            times.add("OpenVINO avx2", held.seconds())
            times.add("fast avx2", bench("--kernel", "avx2")["encoder_ms"]["median"] / 1e3)
    if held:
        held.stop()
    streams = [bench(*kernel, "--iterations", "25", "--streams", "8")["streams"] for _ in range(3)]
    many = bench(*kernel, "--streams", "100")["streams"]

    start = {"ours": statistics.median(wall - answer for wall, answer in (start_of_ours() for _ in range(9)))}
    rss = {"ours": times.median("fast rss")}
    for engine in ("onnxruntime", "OpenVINO"):
        walls, facts = [], {}
        for _ in range(3):
            begin = time.perf_counter()
            command = [sys.executable, __file__, "--child", engine]
            facts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            walls.append(time.perf_counter() - begin - facts["seconds"])
        start[engine], rss[engine] = statistics.median(walls), facts["rss_mb"]

    columns = ("onnxruntime", "OpenVINO", "numpy")

    def row(name: str, ours: float, others: dict[str, float], unit: str, scale: float) -> None:
        cells = [f"{ours * scale:9.1f}"]
        cells += [f"{others[k] * scale:9.1f} ({others[k] / ours:5.2f}x)" if k in others else " " * 18 for k in columns]
        print((f"{name + ', ' + unit:27}" + "  ".join(cells)).rstrip())

    print(f"{platform.machine()}, kernels {used}, {arguments.rounds} rounds, one thread; medians (other / ours)")
    print(f"onnxruntime {onnxruntime.__version__}, OpenVINO {openvino.__version__.split('-')[0]}, numpy {np.__version__}")
    print(f"{'':27}{'ours':>9}  {'onnxruntime':>18}  {'OpenVINO':>18}  {'numpy':>18}")
    t = times.median
    row("features", t("fast features_ms"), {"numpy": t("numpy features")}, "ms", 1e3)
    for label, key, precision in (("encoder, 8-bit", "int8", "fast"), ("encoder, float32", "float32", "reference")):
        row(label, t(f"{precision} encoder_ms"),
            {"onnxruntime": t(f"onnxruntime {key}"), "OpenVINO": t(f"OpenVINO {key}")}, "ms", 1e3)
    precision = str(own_choice.get_property("INFERENCE_PRECISION_HINT")).split("'")[1]
    row(f"8-bit, OpenVINO's {precision}", t("fast encoder_ms"), {"OpenVINO": t("OpenVINO own choice")}, "ms", 1e3)
    if held:
        row("8-bit, held to AVX2", t("fast avx2"), {"OpenVINO": t("OpenVINO avx2")}, "ms", 1e3)
    numpy_seconds = t("numpy features")
    row("prediction", t("fast predict_ms"),
        {"onnxruntime": t("onnxruntime int8") + numpy_seconds, "OpenVINO": t("OpenVINO int8") + numpy_seconds}, "ms", 1e3)
    row("VAD window", t("fast vad_us"), {"onnxruntime": t("onnxruntime vad")}, "us", 1e6)
    row("start", start["ours"], {k: start[k] for k in ("onnxruntime", "OpenVINO")}, "ms", 1e3)
    row("RSS", rss["ours"], {k: rss[k] for k in ("onnxruntime", "OpenVINO")}, "MB", 1)
    print(f"a further stream: {many['kb_per_stream']:.0f} KB")
    print(f"encoder with 2 threads: {t('two threads') * 1e3:.1f} ms, "
          f"{t('fast encoder_ms') / t('two threads'):.2f} times as fast as with 1")
    one, two = (statistics.median(x[k] for x in streams) for k in ("per_second_1_thread", "per_second_2_threads"))
    print(f"predictions a second, 8 streams: {one:.1f} on 1 thread, {two:.1f} on 2 ({two / one:.2f} times)")


if __name__ == "__main__":
    main()
