"""Makes Tests/TurnInferenceTests/Fixtures/engines.json: what deployments' engines say about the recorded windows.

    .eot/venv/bin/python -m pip install -r scripts/oracle/requirements.txt
    .eot/venv/bin/python scripts/oracle/make_engines.py

onnxruntime and OpenVINO on the shipped Smart Turn file as it is, one thread, fed by the numpy original of the features.
Both depend on the processor: run it where `vnni` is "yes" in the file's versions, or say so beside the figures.
OpenVINO's own choice for float parts is bfloat16 on processors that have it; the first value asks for float32.
"""

from __future__ import annotations

import common
import features
import float_graph
import make_goldens
import numpy as np
import openvino


def compiled(precision: str | None) -> openvino.CompiledModel:
    hints = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    if precision:
        hints["INFERENCE_PRECISION_HINT"] = precision
    return openvino.Core().compile_model(str(common.MODELS / float_graph.FILE_NAME), "CPU", hints)


def main() -> None:
    shipped = common.session(str(common.MODELS / float_graph.FILE_NAME), optimised=True)
    float32, own = compiled("f32"), compiled(None)
    rows = []
    for window in make_goldens.all_windows():
        mel = features.log_mel(make_goldens.window_samples(window)).astype(np.float32).reshape(1, 80, 800)
        values = {
            "onnxruntime": common.probability(shipped, mel),
            "openvino": float32([mel])[0].item(),
            "openvinoOwnChoice": own([mel])[0].item(),
        }
        rows.append({"id": window.identifier, **{name: common.rounded(p) for name, p in values.items()}})
    about = {
        "onnxruntime": "default options",
        "openvino": f"{openvino.__version__.split('-')[0]}, float parts in float32",
        "openvinoOwnChoice": f"the same, its own choice: {own.get_property('INFERENCE_PRECISION_HINT').to_string()}",
    }
    common.write_json("engines.json", "make_engines.py", {"about": about, "windows": rows})


if __name__ == "__main__":
    main()
