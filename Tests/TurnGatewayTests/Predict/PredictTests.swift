import Foundation
import NIOCore
import Testing
import TurnCore
import TurnGateway
import TurnTesting

/// `POST /v1/predict`: bodies that are audio, and those that are not. No sockets.
struct PredictTests {
    private struct Answer: Decodable {
        struct Metrics: Decodable {
            let inferenceTime: Double
            let totalTime: Double
        }
        let prediction: Int
        let probability: Double
        let model: String
        let metrics: Metrics
    }

    /// What `numpy.save` wrote of `[1, -1]` with numpy 2.4: the header of each format and type.
    private static func npy(_ type: String, version: UInt8 = 1, shape: String = "(2,)", _ data: [UInt8])
        -> [UInt8]
    {
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        let prefix = version == 1 ? 10 : 12
        while (header.utf8.count + prefix + 1) % 64 != 0 { header += " " }
        header += "\n"
        let count = header.utf8.count
        var bytes: [UInt8] = [0x93] + "NUMPY".utf8 + [version, 0, UInt8(count % 256), UInt8(count / 256)]
        if version > 1 { bytes += [0, 0] }
        return bytes + header.utf8 + data
    }

    private static let float32: [UInt8] = [0, 0, 0, 0x3F, 0, 0, 0x80, 0xBE]  // 0.5, -0.25
    private static let float64: [UInt8] = [0, 0, 0, 0, 0, 0, 0xE0, 0x3F, 0, 0, 0, 0, 0, 0, 0xD0, 0xBF]
    private static let int16: [UInt8] = [0, 0x40, 0, 0xE0]  // 16384, -8192

    private static func wav(_ samples: [Int16], rate: Int = 16_000) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(value >> (8 * $0) & 255) }
        }
        let data = samples.flatMap { little(Int(UInt16(bitPattern: $0)), 2) }
        var bytes: [UInt8] = Array("RIFF".utf8) + little(36 + data.count, 4) + Array("WAVEfmt ".utf8)
        bytes += little(16, 4) + little(1, 2) + little(1, 2) + little(rate, 4) + little(rate * 2, 4)
        bytes += little(2, 2) + little(16, 2)
        return bytes + Array("data".utf8) + little(data.count, 4) + data
    }

    private func post(
        _ bench: Bench, _ body: [UInt8], type: String = "application/octet-stream",
        path: String = "/v1/predict"
    ) throws -> Response {
        try bench.connect().authorized("POST", path, headers: [("Content-Type", type)], body: body)
    }

    @Test(
        arguments: [
            (npy("<f4", float32), "application/octet-stream"), (npy("<f4", version: 2, float32), "x/y"),
            (npy("<f4", version: 3, float32), ""), (npy("<f8", float64), ""), (npy("<i2", int16), ""),
            (wav([16_384, -8_192]), "audio/wav"), (wav([16_384, -8_192]), ""),
            (int16, "audio/l16;rate=16000"), (int16, "audio/L16; rate=\"16000\"; channels=1"),
            ([0x40, 0, 0xE0, 0], "audio/l16;rate=16000;endianness=big-endian"),
        ] as [([UInt8], String)])
    func `audio of every form is heard as it is`(body: [UInt8], type: String) throws {
        let bench = try Bench()
        let response = try post(bench, body, type: type)
        #expect(response.status == 200, "\(response.text)")
        #expect(response.headers["content-type"] == "application/json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let answer = try decoder.decode(Answer.self, from: Data(response.body))
        #expect(bench.model.windows == [[0.5, -0.25]])
        #expect(answer.probability == 0.25)
        #expect(answer.model == "probe")
        #expect(answer.metrics.inferenceTime == 0.022)
        #expect(answer.metrics.totalTime >= 0)
        #expect(bench.metric("eot_predictions_total{outcome=\"answered\"}") == 1)
    }

    @Test(arguments: ["/v1/predict", "/raw", "/raw?language=en"]) func `the threshold decides`(path: String)
        throws
    {
        let bench = try Bench { $0.thresholds = ThresholdTable(["en": 0.5, "ja": 0.1], default: 0.5) }
        #expect(try post(bench, Self.npy("<f4", Self.float32), path: path).text.contains("\"prediction\":0,"))
        let other = try post(bench, Self.npy("<f4", Self.float32), path: "/v1/predict?language=ja")
        #expect(other.text.contains("\"prediction\":1,"))
    }

    @Test func `the last 8 s count, at 16 kHz`() throws {
        let bench = try Bench()
        let samples = (0..<320_000).map { Int16($0 % 32_749) }
        #expect(try post(bench, Self.wav(samples)).status == 200)
        #expect(bench.model.windows == [samples.suffix(128_000).map { Float($0) / 32_768 }])
        #expect(try post(bench, Self.wav([Int16](repeating: 5, count: 24_000), rate: 48_000)).status == 200)
        #expect(bench.model.windows.last?.count == 8_000)
    }

    @Test func `a minute of audio is taken, more is a 413`() throws {
        let bench = try Bench()
        #expect(try post(bench, Self.wav([Int16](repeating: 0, count: 480_000), rate: 8_000)).status == 200)
        #expect(try post(bench, Self.wav([Int16](repeating: 0, count: 480_001), rate: 8_000)).status == 413)
    }

    @Test(
        arguments: [
            ([], ""), ([1, 2, 3], "audio/l16"), ([1, 2], "audio/l16;rate=7999"),
            ([1, 2], "audio/l16;rate=16000;channels=9"),
            (Array("RIFF".utf8), "audio/wav"), (Array("hello".utf8), "audio/mpeg"),
            (npy("<f4", []), ""), (npy(">f4", float32), ""), (npy("<f2", float32), ""),
            (npy("<i4", float32), ""),
            (npy("<f4", shape: "(1, 2)", float32), ""), (npy("<f4", shape: "()", float32), ""),
            (npy("<f4", shape: "(3,)", float32), ""), (npy("<f4", shape: "(-1,)", float32), ""),
            (npy("<f4", shape: "(9223372036854775807,)", float32), ""),
            (npy("<f4", shape: "(99999999999999999999,)", float32), ""),
            (npy("<f4", version: 4, float32), ""),
            ([0x93] + Array("NUMPY".utf8), ""), ([0x93] + Array("NUMPY".utf8) + [1, 0, 255, 255], ""),
            ([0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255], ""),
            ([0x93] + Array("NUMPY".utf8) + [1, 0, 3, 0, 0xFF, 0xFE, 0xFD], ""),
        ] as [([UInt8], String)])
    func `a body that is no audio is a 400 that says what to send`(body: [UInt8], type: String) throws {
        let bench = try Bench()
        let response = try post(bench, body, type: type)
        #expect(response.status == 400, "\(response.text)")
        #expect(response.text.contains("; "))
        #expect(bench.model.windows.isEmpty)
        #expect(try bench.connect().request("GET", "/healthz").status == 200)
    }

    @Test func `samples that are no numbers count as silence`() throws {
        let bench = try Bench()
        let body = Self.npy("<f4", [0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0x7F])
        #expect(try post(bench, body).status == 200)
        #expect(bench.model.windows == [[0, 0]])
    }

    @Test func `a body over the limit is a 413, announced or not`() throws {
        let bench = try Bench { $0.limits.maximumBodyByteCount = 100 }
        #expect(try post(bench, [UInt8](repeating: 0, count: 101)).status == 413)
        let peer = try bench.connect()
        try peer.send(
            "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(Bench.token())\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 { try peer.send("40\r\n" + String(repeating: "x", count: 64) + "\r\n") }
        #expect(try peer.takeResponse().status == 413)
        #expect(bench.metric("eot_limit_hits_total{limit=\"body_size\"}") == 2)
    }

    @Test func `bodies of all requests together are bounded`() throws {
        let bench = try Bench { $0.limits.maximumBodyMemory = 100 }
        func begin() throws -> Peer {
            let peer = try bench.connect()
            try peer.send(
                "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(Bench.token())\r\nContent-Length: 80\r\n\r\n"
                    + String(repeating: "x", count: 60))
            return peer
        }
        let first = try begin()
        let second = try begin()
        #expect(try second.takeResponse().status == 503)
        #expect(bench.metric("eot_limit_hits_total{limit=\"body_memory\"}") == 1)
        // What a connection held is given back with it.
        try first.channel.close().wait()
        #expect(throws: Unexpected.self) { try begin().takeResponse() }
    }

    @Test func `a client that expects to be told may go on`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        let body = Self.npy("<f4", Self.float32)
        try peer.send(
            "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(Bench.token())\r\n"
                + "Expect: 100-continue\r\nContent-Length: \(body.count)\r\n\r\n")
        #expect(try peer.takeResponse().status == 100)
        try peer.send(body)
        bench.work()
        #expect(try peer.takeResponse().status == 200)
    }

    @Test func `requests sent together are answered in order`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        let body = Self.npy("<f4", Self.float32)
        let head =
            "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(try Bench.token())\r\nContent-Length: \(body.count)\r\n\r\n"
        try peer.send(Array(head.utf8) + body + Array("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n".utf8))
        bench.work()
        #expect(try peer.takeResponse().text.contains("probability"))
        #expect(try peer.takeResponse().text.contains("ok"))
    }

    @Test func `a question that waited too long is a 503, and a failing model a 500`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        let body = Self.npy("<f4", Self.float32)
        try peer.send(
            Array(
                "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(try Bench.token())\r\nContent-Length: \(body.count)\r\n\r\n"
                    .utf8) + body)
        bench.advance(.milliseconds(1_001))
        bench.work()
        let late = try peer.takeResponse()
        #expect(late.status == 503)
        #expect(late.headers["retry-after"] != nil)

        let broken = try Bench(model: ProbeModel(failure: TurnError(.inference, "broken; mend it")))
        #expect(try post(broken, body).status == 500)
    }
}
