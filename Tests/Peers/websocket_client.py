"""WebSocket clients by `websockets` and `aiohttp`, and one by hand, against our echo server.

websocket_client.py PORT: prints a record for each check.
"""

import asyncio
import os
import struct
import sys

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from peer import record

PORT = int(sys.argv[1])
URL = f"ws://127.0.0.1:{PORT}/echo"
SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 200_000]


async def with_websockets():
    async with connect(URL, compression=None, max_size=2**22) as ws:
        for size in SIZES:
            data = os.urandom(size)
            await ws.send(data)
            assert await ws.recv() == data, size
            text = "ü" * (size // 2)
            await ws.send(text)
            assert await ws.recv() == text, size
        await ws.send(["frag", "", "men", "ted"])
        assert await ws.recv() == "fragmented"
        await asyncio.wait_for(await ws.ping(b"\x00" * 125), 5)
        await ws.close(3001, "bis bald")
    assert ws.close_code == 3001, ws.close_code
    record(check="websockets", ok=True)


async def with_aiohttp():
    async with aiohttp.ClientSession() as http, http.ws_connect(URL, max_msg_size=0) as ws:
        for size in SIZES:
            data = os.urandom(size)
            await ws.send_bytes(data)
            assert (await ws.receive()).data == data, size
        await ws.ping(b"x")
        await ws.send_str("text")
        assert (await ws.receive()).data == "text"
        await ws.close(code=1000)
        assert ws.close_code == 1000
    record(check="aiohttp", ok=True)


async def too_big():
    async with connect(URL, compression=None) as ws:
        try:
            await ws.send(b"\x00" * (2**20 + 1))
            await ws.recv()
        except ConnectionClosed as closed:
            record(check="too big", code=closed.rcvd and closed.rcvd.code)


async def raw(name, sent, expected):
    """Sends bytes after a handshake by hand; what comes back must start with the expected bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, head
    chop = name.endswith("chopped")
    for piece in [sent[i:i + 1] for i in range(len(sent))] if chop else [sent]:
        writer.write(piece)
        await writer.drain()
    got = b""
    try:
        while len(got) < len(expected):
            got += await asyncio.wait_for(reader.read(65_536), 3) or (_ for _ in ()).throw(EOFError)
    except (EOFError, ConnectionError, asyncio.TimeoutError):
        pass
    writer.close()
    record(check=name, ok=got == expected, got=got[:40].hex())


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x01\x02\x03\x04"):
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head = first + bytes([bit | len(payload)])
    elif len(payload) < 65_536:
        head = first + bytes([bit | 126]) + struct.pack(">H", len(payload))
    else:
        head = first + bytes([bit | 127]) + struct.pack(">Q", len(payload))
    if not mask:
        return head + payload
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def echoed(opcode, payload=b""):
    return frame(opcode, payload, mask=None)


def closed(code, reason=b""):
    return echoed(8, struct.pack(">H", code) + reason)


def cases():
    """In the order of the sections of the Autobahn test suite: 1 framing, 2 pings, 3 reserved bits, 4 opcodes,
    5 fragmentation, 6 UTF-8, 7 closing."""
    text, binary, cont, close, ping, pong = 1, 2, 0, 8, 9, 10
    bye = frame(close, struct.pack(">H", 1000)), closed(1000)
    for size in (0, 125, 126, 127, 128, 65_535, 65_536):
        for opcode, fill in ((text, b"*"), (binary, b"\xfe")):
            payload = fill * size
            yield f"1 {opcode} of {size}", frame(opcode, payload) + bye[0], echoed(opcode, payload) + bye[1]
    yield "1 text chopped", frame(text, b"*" * 300) + bye[0], echoed(text, b"*" * 300) + bye[1]
    for size in (0, 5, 125):
        payload = bytes(range(size))
        yield f"2 ping of {size}", frame(ping, payload) + bye[0], echoed(pong, payload) + bye[1]
    yield "2 ping of 125 chopped", frame(ping, b"\xfe" * 125) + bye[0], echoed(pong, b"\xfe" * 125) + bye[1]
    yield "2 ping of 126", frame(ping, b"\xfe" * 126), None
    yield "2 unasked pong", frame(pong, b"x") + frame(ping, b"y") + bye[0], echoed(pong, b"y") + bye[1]
    yield ("2 ten pings", b"".join(frame(ping, bytes([i])) for i in range(10)) + bye[0],
           b"".join(echoed(pong, bytes([i])) for i in range(10)) + bye[1])
    for rsv in range(1, 8):
        yield f"3 reserved bits {rsv}", frame(text, b"x") + frame(ping, b"", rsv=rsv) + bye[0], echoed(text, b"x"), 1002
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield f"4 opcode {opcode}", frame(text, b"x") + frame(opcode, b"y") + frame(ping), echoed(text, b"x"), 1002
    yield "5 fragmented ping", frame(ping, b"a", fin=False) + frame(cont, b"b"), None
    yield "5 fragmented pong", frame(pong, b"a", fin=False) + frame(cont, b"b"), None
    for name in ("", " chopped"):
        yield ("5 two fragments" + name, frame(text, b"frag", fin=False) + frame(cont, b"ment") + bye[0],
               echoed(text, b"fragment") + bye[1])
        yield ("5 ping between" + name,
               frame(text, b"frag", fin=False) + frame(ping, b"p") + frame(cont, b"ment") + bye[0],
               echoed(pong, b"p") + echoed(text, b"fragment") + bye[1])
    yield "5 continuation of nothing", frame(cont, b"x") + frame(text, b"y"), None
    yield "5 unfinished continuation of nothing", frame(cont, b"x", fin=False) + frame(text, b"y"), None
    yield "5 text in text", frame(text, b"a", fin=False) + frame(text, b"b"), None
    yield ("5 five fragments", frame(text, b"1", fin=False) + b"".join(frame(cont, str(i).encode(), fin=False)
           for i in (2, 3, 4)) + frame(cont, b"5") + bye[0], echoed(text, b"12345") + bye[1])
    good = ["", "Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\uffff",
            "\U00010000", "\U0010ffff", "\ufffd", "\ufeff", "\ud7ff", "\ue000", "\ufdd0", "\U0001fffe"]
    for index, sample in enumerate(good):
        data = sample.encode()
        yield f"6 valid UTF-8 {index}", frame(text, data) + bye[0], echoed(text, data) + bye[1]
        parts = [frame(text if i == 0 else cont, data[i:i + 1], fin=i == len(data) - 1) for i in range(len(data))]
        if parts:
            yield f"6 valid UTF-8 {index} by byte", b"".join(parts) + bye[0], echoed(text, data) + bye[1]
    bad = ["ceba e1bdb9cf83cebcceb5eda080656469746564", "80", "bf", "8080", "c0", "c0af", "c1bf", "e080af", "e09fbf",
           "f08080af", "f880808080af", "fc8080808080", "fe", "ff", "feff", "eda080", "edbfbf", "f4908080", "f7bfbfbf",
           "fbbfbfbfbf", "e282", "f09f92", "c3", "c328", "a0a1", "e228a1", "e28228", "f0288cbc", "f09028bc", "f0288c28"]
    for index, sample in enumerate(bad):
        data = bytes.fromhex(sample.replace(" ", ""))
        yield f"6 invalid UTF-8 {index}", frame(text, data), b"", 1007
    yield "7 close", bye[0], bye[1]
    yield "7 close twice", bye[0] + bye[0], bye[1]
    yield "7 ping after close", bye[0] + frame(ping), bye[1]
    yield "7 text after close", bye[0] + frame(text, b"x"), bye[1]
    yield "7 close inside a message", frame(text, b"x", fin=False) + bye[0] + frame(cont, b"y"), bye[1]
    yield "7 empty close", frame(close), echoed(close)
    yield "7 close of one byte", frame(close, b"a"), b"", 1002
    yield "7 close of 125", frame(close, struct.pack(">H", 1000) + b"*" * 123), bye[1]
    yield "7 close of 126", frame(close, struct.pack(">H", 1000) + b"*" * 124), None
    yield "7 close reason not UTF-8", frame(close, struct.pack(">H", 1000) + b"\xce\xba\xed\xa0\x80"), b"", 1007
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield f"7 code {code}", frame(close, struct.pack(">H", code)), closed(code)
    for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535):
        yield f"7 code {code}", frame(close, struct.pack(">H", code)), b"", 1002
    yield "mask missing", frame(text, b"x", mask=None), b"", 1002


async def main():
    await with_websockets()
    await with_aiohttp()
    await too_big()
    for name, sent, expected, *code in cases():
        if expected is None:
            expected, code = b"", [1002]
        if code:
            # A fault: a close frame with this code, whatever its reason.
            expected += bytes([0x88])
            await raw_fault(name, sent, expected, code[0])
        else:
            await raw(name, sent, expected)


async def raw_fault(name, sent, prefix, code):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + sent)
    await reader.readuntil(b"\r\n\r\n")
    got = b""
    while len(got) < len(prefix) + 3:
        data = await asyncio.wait_for(reader.read(65_536), 3)
        if not data:
            break
        got += data
    writer.close()
    told = struct.unpack(">H", got[len(prefix) + 1:len(prefix) + 3])[0] if len(got) >= len(prefix) + 3 else None
    record(check=name, ok=got.startswith(prefix) and told == code, got=got[:40].hex(), code=told)


asyncio.run(main())
