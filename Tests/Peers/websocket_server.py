"""A WebSocket server by the library `websockets`, servers that misbehave, and HTTP proxies, for our client.

Prints the ports it listens on (all on loopback) and the file of its certificate authority, which the reader removes;
then records.
"""

import asyncio
import base64
import email.utils
import json
import ssl
import tempfile
import time

import trustme
from websockets.asyncio.server import serve

from peer import end_with_standard_input, record


async def session(ws):
    path = ws.request.path
    if path == "/headers":
        await ws.send(json.dumps(dict(ws.request.headers.raw_items())))
    elif path == "/fragments":
        await ws.send(["Wür", "fel", "", "spiel"])
        await ws.send([b"\x00\x01", b"\x02" * 70_000])
    elif path == "/ping":
        await asyncio.wait_for(await ws.ping(b"are you there"), 5)
        await ws.send("pong came")
    elif path.startswith("/close/"):
        await ws.close(int(path.rsplit("/", 1)[1]), "gründlich")
        return
    elif path == "/drop":
        ws.transport.abort()
        return
    async for message in ws:
        await ws.send(message)
    record(path=path, code=ws.close_code, reason=ws.close_reason)


def dated(form, value):
    """A time since the epoch in one of the three forms of RFC 9110 section 5.6.7; or the value as it is, in hex."""
    if form == "raw":
        return bytes.fromhex(value).decode()
    if form == "imf":
        return email.utils.formatdate(int(value), usegmt=True)
    if form == "asctime":
        return time.asctime(time.gmtime(int(value)))
    return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(int(value)))


async def misbehave(reader, writer):
    """Answers a handshake in the way that the path names."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split()[1]
    refusals = {"/401": "401 Unauthorized", "/403": "403 Forbidden", "/429": "429 Too Many Requests",
                "/503": "503 Service Unavailable", "/503/long": "503 Service Unavailable",
                "/503/minus": "503 Service Unavailable", "/200": "200 OK", "/302": "302 Found"}
    upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    if path in refusals:
        waits = {"/503": "7", "/503/long": "9" * 30, "/503/minus": "-1"}
        extra = f"Retry-After: {waits[path]}\r\n" if path in waits else ""
        writer.write(f"HTTP/1.1 {refusals[path]}\r\n{extra}Content-Length: 5\r\n\r\nsorry".encode())
    elif path.startswith("/503/"):
        wait = dated(*path.split("/")[2:])
        writer.write(f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {wait}\r\nContent-Length: 0\r\n\r\n".encode())
    elif path == "/bad-accept":
        writer.write(f"{upgrade}Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n".encode())
    elif path == "/no-upgrade":
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    elif path == "/endless":
        writer.write(upgrade.encode())
        try:
            while True:
                writer.write(b"X-More: " + b"x" * 1_000 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            pass
    elif path == "/junk":
        writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    elif path in ("/early", "/early-junk", "/extension"):
        import hashlib
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        extra = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if path == "/extension" else ""
        # Frames in the same packet as the answer.
        frames = b"\x81\x05early\x82\x01\x00" if path == "/early" else b"" if extra else b"\x83\x00"
        writer.write(f"{upgrade}{extra}Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n".encode()
                     + frames)
        await writer.drain()
        await asyncio.sleep(1)
    elif path == "/silent":
        await asyncio.sleep(60)
    writer.close()


async def hang_up(reader, writer):
    """Ends the connection as a server that is killed does: in the TLS handshake, or when the request has come."""
    if writer.get_extra_info("ssl_object") is None:
        await reader.read(1)
    else:
        await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


def proxy(credentials):
    async def pump(reader, writer):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def handle(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, _, fields = head.partition("\r\n")
        wanted = credentials and "Basic " + base64.b64encode(credentials.encode()).decode()
        given = next((f[len("Proxy-Authorization: "):] for f in fields.split("\r\n")
                      if f.startswith("Proxy-Authorization: ")), None)
        record(proxy=line, authorized=given == wanted)
        if given != wanted:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        host, _, port = line.split()[1].rpartition(":")
        # The name the certificate is for need not resolve here.
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer), return_exceptions=True)

    return handle


async def main():
    authority = trustme.CA()

    def context(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
        authority.cert_pem.write_to_path(file.name)
    options = {"compression": None, "max_size": 2**22}
    servers = {
        "plain": await serve(session, "127.0.0.1", 0, **options),
        "tls": await serve(session, "127.0.0.1", 0, ssl=context("localhost"), **options),
        "tls_address": await serve(session, "127.0.0.1", 0, ssl=context("127.0.0.1"), **options),
        "tls_other": await serve(session, "127.0.0.1", 0, ssl=context("other.example"), **options),
        "misbehaving": await asyncio.start_server(misbehave, "127.0.0.1", 0),
        "hangs_up": await asyncio.start_server(hang_up, "127.0.0.1", 0),
        "tls_hangs_up": await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context("localhost")),
        "proxy": await asyncio.start_server(proxy(None), "127.0.0.1", 0),
        "closed_proxy": await asyncio.start_server(proxy("käthe:geheim"), "127.0.0.1", 0),
    }
    record(authority=file.name, ports={name: server.sockets[0].getsockname()[1] for name, server in servers.items()})
    await asyncio.Event().wait()


end_with_standard_input()
asyncio.run(main())
