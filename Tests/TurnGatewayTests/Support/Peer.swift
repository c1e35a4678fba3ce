import Foundation
import NIOCore
import NIOEmbedded
import TurnGateway
import TurnTesting
import TurnWire

/// One connection to a ``Bench``'s gateway, byte by byte.
final class Peer {
    private let bench: Bench
    let channel: EmbeddedChannel
    private var received: [UInt8] = []
    private(set) var frames: [Frame] = []

    init(_ bench: Bench) throws {
        self.bench = bench
        channel = EmbeddedChannel(loop: bench.loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try bench.gateway.serve(channel)
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    var isOpen: Bool { channel.isActive }

    // MARK: - HTTP

    func send(_ bytes: [UInt8]) throws {
        // A channel that was closed meanwhile takes no more.
        guard channel.isActive else { return }
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        bench.loop.run()
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends a request and takes its answer.
    func request(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> Response {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.count)\r\n" }
        try send(Array((text + "\r\n").utf8) + (body ?? []))
        bench.work()
        return try takeResponse()
    }

    /// A request with a good token.
    func authorized(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> Response {
        try request(
            method, path, headers: [("Authorization", "Bearer \(Bench.token())")] + headers, body: body)
    }

    func takeResponse() throws -> Response {
        try collect()
        return try Response(taking: &received)
    }

    /// The opening handshake, with the key of RFC 6455 section 1.3.
    @discardableResult
    func upgrade(_ path: String = "/v1/eot", token: String? = nil, headers: [(String, String)] = []) throws
        -> Response
    {
        try request(
            "GET", path,
            headers: [
                ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("Authorization", "Bearer \(token ?? Bench.token())"),
            ] + headers)
    }

    // MARK: - Session

    func send(_ body: ClientMessage.Body, createdAt: Duration? = nil) throws {
        try send(message: ClientMessage(body, createdAt: createdAt).encoded())
    }

    func send(message: [UInt8]) throws { try send(frame: Frame(2, message)) }

    func send(frame: Frame) throws {
        var frame = frame
        frame.mask = frame.mask ?? [9, 8, 7, 6]
        try send(frame.bytes)
    }

    func sendAudio(_ samples: [Int16], createdAt: Duration? = nil) throws {
        try send(.inputAudio(InputAudio(samples: samples, createdAt: createdAt)))
    }

    /// The messages that came since the last call.
    func takeMessages() throws -> [ServerMessage] {
        try takeFrames().filter { $0.opcode == 2 }.map { try ServerMessage(decoding: $0.payload) }
    }

    /// The frames that came since the last call.
    func takeFrames() throws -> [Frame] {
        bench.loop.run()
        try collect()
        return Frame.read(&received)
    }

    private func collect() throws {
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            received += Array(buffer.readableBytesView)
        }
    }
}

/// An answer over HTTP.
struct Response: Equatable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Takes one off the front of what came.
    init(taking bytes: inout [UInt8]) throws {
        guard
            let end = (0..<max(0, bytes.count - 3)).first(where: {
                Array(bytes[$0..<($0 + 4)]) == [13, 10, 13, 10]
            })
        else { throw Unexpected("no answer in \(String(decoding: bytes, as: UTF8.self))") }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Unexpected("no status in \(lines)")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] =
                parts.count > 1 ? String(parts[1]).trimmingCharacters(in: .whitespaces) : ""
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        guard bytes.count >= end + 4 + length else { throw Unexpected("the body is short") }
        self.status = status
        self.headers = headers
        body = Array(bytes[(end + 4)..<(end + 4 + length)])
        bytes.removeFirst(end + 4 + length)
    }
}
