"""Official checks of messages and access tokens: LiveKit's protobuf classes, livekit-api and PyJWT.

wire.py verify KEY SECRET TOKEN      claims as PyJWT and livekit-api read them
wire.py mint KEY SECRET TTL          tokens made by PyJWT and by livekit-api
wire.py server                       server messages in hexadecimal, one a line, made by the official classes
wire.py client HEX...                client messages as the official classes read them
"""

import datetime
import sys
import time
import warnings

import jwt
from google.protobuf import json_format
from livekit import api
from livekit.protocol.agent_pb import agent_inference as pb

from peer import record

warnings.simplefilter("ignore")


def verify(key, secret, token):
    claims = jwt.decode(token, secret, algorithms=["HS256"], issuer=key,
                        options={"require": ["exp", "nbf", "iss", "sub"]})
    official = api.TokenVerifier(key, secret).verify(token)
    record(header=jwt.get_unverified_header(token), claims=claims,
           identity=official.identity, perform=bool(official.inference and official.inference.perform))


def mint(key, secret, ttl):
    now = int(time.time())
    claims = {"inference": {"perform": True}, "sub": "agent", "iss": key, "nbf": now, "exp": now + int(ttl)}
    record(token=jwt.encode(claims, secret, algorithm="HS256"))
    official = (api.AccessToken(key, secret).with_identity("agent")
                .with_inference_grants(api.access_token.InferenceGrants(perform=True))
                .with_ttl(datetime.timedelta(seconds=int(ttl))))
    record(token=official.to_jwt())
    record(token=jwt.encode(claims, "another secret", algorithm="HS256"))
    record(token=jwt.encode(claims, secret, algorithm="HS384"))
    record(token=jwt.encode(claims, None, algorithm="none"))
    record(token=jwt.encode({**claims, "exp": now - 60}, secret, algorithm="HS256"))


def server():
    """One message of every kind, and the extremes of its fields."""
    stats = pb.InferenceStats()
    stats.earliest_client_created_at.FromNanoseconds(1_700_000_000_000_000_001)
    stats.latest_client_created_at.FromNanoseconds(1_700_000_001_999_999_999)
    stats.client_e2e_latency.FromMilliseconds(-80)
    stats.server_e2e_latency.FromMicroseconds(40_001)
    stats.preprocessing_duration.FromMilliseconds(5)
    stats.inference_duration.FromMilliseconds(20)
    created = pb.SessionCreated(default_threshold=0.5, default_backchannel_threshold=0.6,
                                default_thresholds={"en": 0.56, "ja": 0.37, "fr": 0.575},
                                default_backchannel_thresholds={"en": 0.62, "ja": 0.7})
    bodies = [
        {"session_created": created}, {"inference_started": pb.InferenceStarted()},
        {"inference_stopped": pb.InferenceStopped()}, {"session_closed": pb.SessionClosed()},
        {"error": pb.InferenceError(message="überlastet", code=4294967295)},
        {"eot_prediction": pb.EotPrediction(probability=0.7, inference_stats=stats, backend=2,
                                            backchannel_probability=1.0)},
        {"eot_prediction": pb.EotPrediction(probability=float("nan"))},
        {"interruption_prediction": pb.InterruptionPrediction(is_interruption=True, probabilities=[0.1, 0.9],
                                                              inference_stats=stats)},
        {},
    ]
    for body in bodies:
        message = pb.ServerMessage(request_id="turn_request_0123456789ab", **body)
        message.server_created_at.FromNanoseconds(1_700_000_002_000_000_000)
        message.client_created_at.FromNanoseconds(1_700_000_001_500_000_000)
        record(hex=message.SerializeToString(deterministic=True).hex(),
               json=json_format.MessageToDict(message, preserving_proto_field_name=True))


def client(*messages):
    for text in messages:
        message = pb.ClientMessage.FromString(bytes.fromhex(text))
        record(hex=message.SerializeToString(deterministic=True).hex(), kind=message.WhichOneof("message"),
               json=json_format.MessageToDict(message, preserving_proto_field_name=True))


if __name__ == "__main__":
    {"verify": verify, "mint": mint, "server": server, "client": client}[sys.argv[1]](*sys.argv[2:])
