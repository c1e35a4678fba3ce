#!/usr/bin/env python3
"""The end-of-turn protocol as one would serve it in Python, to compare `eot serve` with: aiohttp, LiveKit's protobuf
classes, onnxruntime on the shipped int8 file, and Pipecat's own numpy features.

    python_gateway.py --port 8090 --key K --secret S [--processes 2]

Predictions run in a pool of threads, as many as there are processors; each runs onnxruntime on one thread, which gives
the most predictions a second. With --processes the event loop, too, runs so many times, on one port. It serves what
`eot load` uses of the protocol: audio of 16 kHz mono, one question at a time, the newest counts. Prints
{"listening": PORT}. Benchmarks/gateway.py starts it.
"""

import argparse
import asyncio
import concurrent.futures
import json
import os
import pathlib
import socket
import time
import types
import zipfile

import aiohttp
import jwt
import numpy as np
import onnxruntime
from aiohttp import web
from livekit.protocol.agent_pb import agent_inference as pb

EOT = pathlib.Path(__file__).resolve().parents[1] / ".eot"
WINDOW = 8 * 16_000


def pipecat_features():
    """Pipecat's feature extraction, out of the package that the model came in."""
    wheel = next((EOT / "cache").glob("pipecat_ai-*.whl"))
    source = zipfile.ZipFile(wheel).read("pipecat/audio/turn/smart_turn/_whisper_features.py").decode()
    module = types.ModuleType("whisper_features")
    exec(compile(source, "whisper_features", "exec"), module.__dict__)
    return module.compute_whisper_log_mel_features


class Model:
    """As Pipecat's LocalSmartTurnAnalyzerV3 sets it up."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        path = EOT / "models" / "smart-turn-v3.2-cpu.onnx"
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.features = pipecat_features()

    def predict(self, pcm):
        """P(turn ended), seconds for the features, seconds for the network."""
        start = time.perf_counter()
        audio = np.zeros(WINDOW, np.float32)
        samples = np.frombuffer(pcm, np.int16)
        if samples.size:
            audio[-samples.size:] = samples
            audio *= 1 / 32_768
        features = self.features(audio, do_normalize=True)[None]
        middle = time.perf_counter()
        probability = float(self.session.run(None, {"input_features": features})[0][0].item())
        return probability, middle - start, time.perf_counter() - middle


class Session:
    def __init__(self, ws, model, pool):
        self.ws, self.model, self.pool = ws, model, pool
        self.audio = bytearray()
        self.request = None
        self.tasks = set()

    async def send(self, request=None, echo=None, **body):
        message = pb.ServerMessage(**body)
        message.server_created_at.FromNanoseconds(time.time_ns())
        if request is not None:
            message.request_id = request
        if echo is not None:
            message.client_created_at.CopyFrom(echo)
        await self.ws.send_bytes(message.SerializeToString())

    async def predict(self, request, echo, arrival):
        loop = asyncio.get_running_loop()
        pcm = bytes(self.audio[-2 * WINDOW:])
        probability, features, network = await loop.run_in_executor(self.pool, self.model.predict, pcm)
        if self.request != request or self.ws.closed:
            return
        stats = pb.InferenceStats()
        stats.server_e2e_latency.FromNanoseconds(int((time.perf_counter() - arrival) * 1e9))
        stats.preprocessing_duration.FromNanoseconds(int(features * 1e9))
        stats.inference_duration.FromNanoseconds(int(network * 1e9))
        await self.send(request, echo, eot_prediction=pb.EotPrediction(probability=probability, inference_stats=stats))

    async def receive(self, data):
        """False when the session is over."""
        message = pb.ClientMessage.FromString(data)
        kind = message.WhichOneof("message")
        if kind == "input_audio":
            self.audio += message.input_audio.audio
            # Trimmed now and then, so that appending stays cheap.
            if len(self.audio) > 4 * WINDOW:
                del self.audio[:-2 * WINDOW]
        elif kind == "inference_start":
            self.request = message.inference_start.request_id
            await self.send(self.request, message.created_at, inference_started=pb.InferenceStarted())
            task = asyncio.create_task(self.predict(self.request, message.created_at, time.perf_counter()))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif kind == "session_create":
            await self.send(echo=message.created_at, session_created=pb.SessionCreated(
                default_thresholds={"en": 0.21}, default_threshold=0.21))
        elif kind == "session_flush":
            self.audio.clear()
        elif kind == "session_close":
            await self.send(echo=message.created_at, session_closed=pb.SessionClosed())
            await self.ws.close(code=1000)
            return False
        return True


async def handle(request, arguments, model, pool):
    try:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = jwt.decode(token, arguments.secret, algorithms=["HS256"], issuer=arguments.key)
    except jwt.PyJWTError:
        return web.Response(status=401)
    if not claims.get("inference", {}).get("perform"):
        return web.Response(status=403)
    ws = web.WebSocketResponse(compress=False, max_msg_size=2**20)
    await ws.prepare(request)
    session = Session(ws, model, pool)
    async for message in ws:
        if message.type == aiohttp.WSMsgType.BINARY and not await session.receive(message.data):
            break
    return ws


async def serve(arguments, listener):
    model = Model()
    threads = max(1, (os.cpu_count() or 1) // arguments.processes)
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=threads)
    app = web.Application()
    app.router.add_get("/{path:.*}", lambda request: handle(request, arguments, model, pool))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=1024).start()
    await asyncio.Event().wait()


def listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    listener = listen(arguments.port)
    port = listener.getsockname()[1]
    parent = os.getpid()
    for _ in range(arguments.processes - 1):
        if os.fork() == 0:
            listener = listen(port)
            break
    if os.getpid() == parent:
        print(json.dumps({"listening": port}), flush=True)
    asyncio.run(serve(arguments, listener))


if __name__ == "__main__":
    main()
