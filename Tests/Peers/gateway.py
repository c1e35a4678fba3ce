"""A gateway for end-of-turn detection on aiohttp with LiveKit's own protobuf and token classes, which can misbehave.

gateway.py [--port N] [--key K --secret S] [--tls]

The path says how a session goes: /SCENARIO[/...]/eot, see the functions named after scenarios. Prints
{"listening": PORT}, with --tls also the file of its certificate authority, which the reader removes; then a record of every connection and of every message in the order of their arrival.
"""

import argparse
import asyncio
import socket
import ssl
import tempfile
import time

import aiohttp
import trustme
from aiohttp import web
from livekit import api
from livekit.protocol.agent_pb import agent_inference as pb

from peer import end_with_standard_input, record

connections = 0
connections_of = {}


def now_ns():
    return time.time_ns()


class Session:
    def __init__(self, number, scenario, ws, transport):
        self.number, self.scenario, self.ws, self.transport = number, scenario, ws, transport
        self.samples = 0
        self.latest = None
        self.predictions = 0
        self.closed = False

    async def send(self, request=None, echo=None, **body):
        message = pb.ServerMessage(**body)
        message.server_created_at.FromNanoseconds(now_ns())
        if request is not None:
            message.request_id = request
        if echo is not None:
            message.client_created_at.CopyFrom(echo)
        await self.ws.send_bytes(message.SerializeToString())

    async def end(self, code):
        """Ends the connection with a close code; 1006 stands for none at all."""
        self.closed = True
        if code == 1006:
            self.transport.abort()
        else:
            await self.ws.close(code=code, message=b"scripted")

    async def created(self, echo):
        thresholds, default = {"en": 0.56, "ja": 0.37, "fr": 0.575}, 0.5
        if self.scenario[0] == "degenerate":
            thresholds, default = ({}, 0.5) if self.scenario[1] == "empty" else (thresholds, 0.0)
        if self.scenario[0] == "slow":
            await asyncio.sleep(float(self.scenario[1]))
        await self.send(echo=echo, session_created=pb.SessionCreated(
            default_thresholds=thresholds, default_threshold=default))

    def prediction(self, probability=0.9):
        stats = pb.InferenceStats()
        stats.server_e2e_latency.FromMilliseconds(40)
        stats.client_e2e_latency.FromMilliseconds(80)
        if self.latest is not None and self.scenario[0] != "nostats":
            stats.latest_client_created_at.CopyFrom(self.latest)
        return pb.EotPrediction(probability=probability, inference_stats=stats, backend=1)

    async def answer(self, request, echo):
        name, when = self.scenario[0], self.scenario[2] if len(self.scenario) > 2 else ""
        self.predictions += 1
        if name == "close" and when == "during":
            return await self.end(int(self.scenario[1]))
        if name == "mute":
            return
        if name == "junk":
            return await self.ws.send_bytes(b"\xff\xff\xff\xff not a message")
        if name == "error":
            return await self.send(request, echo, error=pb.InferenceError(code=int(self.scenario[1]), message="scripted"))
        if name == "text":
            await self.ws.send_str("text is not of this protocol")
        if name == "stale":
            await self.send("turn_request_000000000000", echo, eot_prediction=self.prediction(0.1))
        if name == "interruption":
            await self.send(request, echo, interruption_prediction=pb.InterruptionPrediction(is_interruption=True))
            await self.ws.send_bytes(b"")
        if name == "late":
            await asyncio.sleep(float(self.scenario[1]))
        await self.send(request, echo, inference_started=pb.InferenceStarted())
        probability = {"nan": float("nan"), "unfinished": 0.1}.get(name, 0.9)
        await self.send(request, echo, eot_prediction=self.prediction(probability))
        record(connection=self.number, answered=request)
        if name == "close" and when == "after":
            await self.end(int(self.scenario[1]))

    async def receive(self, data):
        """False when the session is over."""
        message = pb.ClientMessage.FromString(data)
        kind = message.WhichOneof("message")
        created = message.created_at.ToNanoseconds() / 1e9
        told = {"connection": self.number, "message": kind, "created_at": created, "at": time.time()}
        if kind == "session_create":
            record(**told, sample_rate=message.session_create.settings.sample_rate,
                   encoding=message.session_create.settings.encoding,
                   type=message.session_create.settings.WhichOneof("type_settings"))
            if self.scenario[0] == "close" and self.scenario[2] == "before":
                await self.end(int(self.scenario[1]))
                return False
            await self.created(message.created_at)
            if self.scenario[0] == "stop-reading":
                self.transport.pause_reading()
                await asyncio.sleep(3600)
        elif kind == "input_audio":
            audio = message.input_audio
            self.samples += audio.num_samples
            self.latest = audio.created_at
            record(**told, samples=audio.num_samples, bytes=len(audio.audio), total=self.samples,
                   drained_at=audio.created_at.ToNanoseconds() / 1e9)
        elif kind == "inference_start":
            request = message.inference_start.request_id
            record(**told, request=request, total=self.samples)
            await self.answer(request, message.created_at)
        elif kind == "session_close":
            record(**told)
            if self.scenario[0] == "never-closes":
                await asyncio.sleep(3600)
            await self.send(echo=message.created_at, session_closed=pb.SessionClosed())
            await self.end(1000)
        else:
            record(**told)
        return not self.closed


def refusal(request, arguments):
    """A response that is no WebSocket, if the scenario or the token asks for one."""
    scenario = request.path.strip("/").split("/")
    if scenario[0] == "refuse":
        return web.Response(status=int(scenario[1]), headers={"Retry-After": "1"}, text="scripted")
    if scenario[0] == "refuse-first" and connections_of[request.path] <= int(scenario[2]):
        return web.Response(status=int(scenario[1]), text="scripted")
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        claims = api.TokenVerifier(arguments.key, arguments.secret).verify(token)
    except Exception as error:  # whatever the library finds
        return web.Response(status=401, text=type(error).__name__)
    if not (claims.inference and claims.inference.perform):
        return web.Response(status=403)
    return None


async def handle(request, arguments):
    global connections
    connections += 1
    number = connections
    connections_of[request.path] = connections_of.get(request.path, 0) + 1
    scenario = request.path.strip("/").split("/")
    record(connection=number, path=request.path,
           headers={k: v for k, v in request.headers.items() if k.lower() not in ("authorization", "host")})
    if scenario[0] == "silent":
        await asyncio.sleep(3600)
    if scenario[0] == "slow-handshake":
        await asyncio.sleep(float(scenario[1]))
    if (refused := refusal(request, arguments)) is not None:
        record(connection=number, refused=refused.status)
        return refused
    ws = web.WebSocketResponse(compress=False, autoping=True, max_msg_size=2**20)
    await ws.prepare(request)
    session = Session(number, scenario, ws, request.transport)
    if scenario[0] == "drop-first" and connections_of[request.path] <= int(scenario[1]):
        await session.end(1006)
        return ws
    try:
        async for message in ws:
            if message.type != aiohttp.WSMsgType.BINARY:
                record(connection=number, odd=str(message.type))
            elif not await session.receive(message.data):
                break
    finally:  # a client that is gone cancels this
        record(connection=number, closed=ws.close_code or 1006)
    return ws


async def main(arguments):
    app = web.Application()
    app.router.add_get("/{path:.*}", lambda request: handle(request, arguments))
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    tls, told = None, {"listening": listener.getsockname()[1]}
    if arguments.tls:
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(tls)
        with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
            authority.cert_pem.write_to_path(file.name)
        told["authority"] = file.name
    await web.SockSite(runner, listener, ssl_context=tls).start()
    record(**told)
    await asyncio.Event().wait()


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--key", default="devkey")
parser.add_argument("--secret", default="secret")
parser.add_argument("--tls", action="store_true")
end_with_standard_input()
asyncio.run(main(parser.parse_args()))
