"""Official clients, unmodified, against a gateway: livekit-agents 1.8.9 and pipecat-ai 1.14.0.

clients.py livekit URL KEY SECRET AUDIO AT...     streams AUDIO, asks at each second AT, and tells what it got
clients.py refused URL KEY SECRET                 connects and asks once
clients.py pipecat URL KEY SECRET AUDIO AT...     posts the audio up to each second AT

AUDIO is 16-bit PCM, mono, 16 kHz. Prints JSON lines. One module is stubbed: livekit.local_inference, the on-device model
of livekit-agents, which stands under a licence of its own; whatever touches it fails.
"""

import array
import asyncio
import json
import sys
import time
import types
import wave

RATE = 16_000
FRAME = RATE // 20
# Gateways bound how fast audio may come.
SPEED = 4


def record(**fields):
    print(json.dumps(fields, sort_keys=True), flush=True)


def stub_local_inference():
    def refuse(*_, **__):
        raise RuntimeError("the local model was asked for")

    module = types.ModuleType("livekit.local_inference")
    module.EOT = module.VAD = refuse
    module.VAD_WINDOW_SAMPLES = 512
    sys.modules["livekit.local_inference"] = module


def samples(path):
    with wave.open(path) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), path
        return array.array("h", file.readframes(file.getnframes()))


def detector_of(url, key, secret, session):
    stub_local_inference()
    from livekit.agents.inference import TurnDetector

    return TurnDetector(version="v1", base_url=url, api_key=key, api_secret=secret, local_fallback=False,
                        http_session=session)


async def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


async def livekit(url, key, secret, path, *moments):
    import aiohttp

    audio = samples(path)
    async with aiohttp.ClientSession() as session:
        detector = detector_of(url, key, secret, session)
        from livekit import rtc
        from livekit.agents.language import LanguageCode

        metrics = []
        detector.on("metrics_collected", metrics.append)
        stream = detector.stream()

        async def adopted():
            return await stream.unlikely_threshold(None) is not None

        record(kind="adopted", ok=await until(adopted), **{
            code: await stream.unlikely_threshold(LanguageCode(code)) for code in ("en", "de", "pt-BR", "xx")})
        position, start = 0, time.monotonic()
        for moment in moments:
            end = round(float(moment) * RATE)
            while position < end:
                count = min(FRAME, end - position)
                data = audio[position:position + count].tobytes()
                stream.push_audio(rtc.AudioFrame(data, RATE, 1, count))
                position += count
                await asyncio.sleep(max(0, start + position / RATE / SPEED - time.monotonic()))
            # The stream hands audio on in a task of its own, and a question does not wait for it (S-05).
            while not stream._audio_ch.empty():
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            asked = time.monotonic()
            event = await asyncio.wait_for(stream.predict(), 5)
            record(kind="prediction", at=float(moment), probability=event.end_of_turn_probability,
                   waited=time.monotonic() - asked, detection_delay=event.detection_delay,
                   inference_duration=event.inference_duration, backchannel=event.backchannel_probability)
        record(kind="end", model=stream.model, is_fallback=stream.is_fallback, is_degraded=stream.is_degraded)
        for metric in metrics:
            record(kind="metrics", total_duration=metric.total_duration, delay=metric.detection_delay,
                   prediction_duration=metric.prediction_duration, requests=metric.num_requests,
                   model=metric.metadata.model_name)
        await stream.aclose()


async def refused(url, key, secret):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        stream = detector_of(url, key, secret, session).stream()

        async def degraded():
            return stream.is_degraded

        ended = await until(degraded)
        event = await stream.predict()
        record(kind="refused", ended=ended, threshold=await stream.unlikely_threshold(None),
               probability=event.end_of_turn_probability, is_fallback=stream.is_fallback)
        await stream.aclose()


async def pipecat(url, key, secret, path, *moments):
    import aiohttp
    import jwt
    import numpy as np
    from loguru import logger

    logger.remove()
    from pipecat.audio.turn.smart_turn.http_smart_turn import HttpSmartTurnAnalyzer

    loop = asyncio.get_running_loop()

    class Analyzer(HttpSmartTurnAnalyzer):
        """In pipecat-ai 1.14.0 this method looks for the event loop of a thread that has none, so that the class answers
        0 whatever the service says. This one asks the loop that there is."""

        def _predict_endpoint(self, audio_array):
            request = self._send_raw_request(self._serialize_array(audio_array))
            return asyncio.run_coroutine_threadsafe(request, loop).result()

    now = int(time.time())
    token = jwt.encode({"iss": key, "nbf": now, "exp": now + 600, "inference": {"perform": True}}, secret,
                       algorithm="HS256")
    audio = samples(path)
    async with aiohttp.ClientSession() as session:
        options = {"url": f"{url}/v1/predict", "aiohttp_session": session, "sample_rate": RATE,
                   "headers": {"Authorization": f"Bearer {token}"}}
        for moment in moments:
            # The unmodified class's own serialisation and request.
            plain = HttpSmartTurnAnalyzer(**options)
            window = np.array(audio[:round(float(moment) * RATE)], np.float32) / 32_768
            try:
                record(kind="answer", at=float(moment), **await plain._send_raw_request(plain._serialize_array(window)))
            except Exception as error:
                record(kind="refused", at=float(moment), error=str(error))
                continue
            # As a pipeline uses it: frames of 20 ms, the last of which the class leaves out.
            analyzer = Analyzer(**options)
            analyzer.set_sample_rate(RATE)
            for start in range(0, window.size + 320, 320):
                analyzer.append_audio(audio[start:start + 320].tobytes(), True)
            state, metrics = await analyzer.analyze_end_of_turn()
            record(kind="pipeline", at=float(moment), probability=metrics.probability, state=state.name)
            await analyzer.cleanup()


asyncio.run({"livekit": livekit, "refused": refused, "pipecat": pipecat}[sys.argv[1]](*sys.argv[2:]))
