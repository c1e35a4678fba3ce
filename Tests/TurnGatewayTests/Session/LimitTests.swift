import NIOCore
import Testing
import TurnCore
import TurnGateway
import TurnTesting
import TurnWire

/// The limits of a session: what happens there, and which metric counts it. The clock moves when the test says so.
struct LimitTests {
    private func code(_ frames: [Frame]) throws -> Int? {
        for frame in frames where frame.opcode == 2 {
            if case .error(let failure) = try ServerMessage(decoding: frame.payload).body {
                return failure.code
            }
        }
        return nil
    }

    private func hits(_ bench: Bench, _ limit: String) -> Double? {
        bench.metric("eot_limit_hits_total{limit=\"\(limit)\"}")
    }

    @Test func `more messages than the limit in a second end the session with 429 and 1008`() throws {
        let bench = try Bench { $0.limits.messagesPerSecond = 100 }
        let peer = try bench.session()
        // The first message was session_create.
        for _ in 0..<99 { try peer.send(.bufferStart) }
        bench.advance(.milliseconds(500))
        for _ in 0..<50 { try peer.send(.bufferStart) }
        #expect(try peer.takeFrames().isEmpty)
        try peer.send(.bufferStart)
        let frames = try peer.takeFrames()
        #expect(try code(frames) == 429)
        #expect(frames.last?.close?.code == 1008)
        #expect(hits(bench, "message_rate") == 1)
    }

    @Test func `audio may come at the limit's speed for ever`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        let piece = [Int16](repeating: 1, count: 12_800)
        for _ in 0..<300 {
            try peer.sendAudio(piece)
            bench.advance(.milliseconds(100))
        }
        #expect(try peer.takeFrames().filter { $0.opcode != 9 }.isEmpty)
    }

    @Test func `faster audio than the limit ends the session with 429 and 1008, beyond the burst`() throws {
        let bench = try Bench {
            $0.limits.audioSpeed = 8
            $0.limits.audioBurst = 60
        }
        let peer = try bench.session()
        let second = [Int16](repeating: 1, count: 16_000)
        for _ in 0..<60 { try peer.sendAudio(second) }
        bench.advance(.seconds(1))
        for _ in 0..<8 { try peer.sendAudio(second) }
        #expect(try peer.takeFrames().isEmpty)
        try peer.sendAudio(second)
        let frames = try peer.takeFrames()
        #expect(try code(frames) == 429)
        #expect(frames.last?.close?.code == 1008)
        #expect(hits(bench, "audio_rate") == 1)
        let seconds = try #require(bench.metric("eot_audio_seconds_total"))
        #expect(abs(seconds - 68) < 1e-9)
    }

    @Test func `a client that sends no first message is closed`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        try peer.upgrade()
        bench.advance(.milliseconds(4_999))
        #expect(try peer.takeFrames().isEmpty)
        bench.advance(.milliseconds(1))
        let frames = try peer.takeFrames()
        #expect(try code(frames) == 408)
        #expect(frames.last?.close?.code == 1008)
        #expect(hits(bench, "first_message_time") == 1)
    }

    @Test func `a client that says nothing for five minutes is closed, however often it answers pings`()
        throws
    {
        let bench = try Bench()
        let peer = try bench.session()
        for _ in 0..<20 { try silence(bench, peer, seconds: 10) }
        try peer.send(.bufferStart)
        for _ in 0..<29 { try silence(bench, peer, seconds: 10) }
        bench.advance(.milliseconds(9_999))
        #expect(peer.isOpen)
        bench.advance(.milliseconds(1))
        let frames = try peer.takeFrames()
        #expect(frames.last?.close?.code == 1001)
        #expect(hits(bench, "idle_time") == 1)
    }

    /// Lets time pass while pings are answered.
    private func silence(_ bench: Bench, _ peer: Peer, seconds: Int64) throws {
        bench.advance(.seconds(seconds))
        for frame in try peer.takeFrames() {
            #expect(frame.opcode == 9)
            try peer.send(frame: Frame(10, frame.payload))
        }
    }

    @Test func `pings come every 20 s, and without a pong the connection ends`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        bench.advance(.seconds(20))
        #expect(try peer.takeFrames().map(\.opcode) == [9])
        bench.advance(.milliseconds(19_999))
        #expect(peer.isOpen)
        bench.advance(.milliseconds(1))
        #expect(!peer.isOpen)
        #expect(hits(bench, "pong_time") == 1)
        #expect(bench.metric("eot_sessions_closed_total{code=\"1006\"}") == 1)
    }

    @Test func `a connection that sends no request, or only part of one, is closed`() throws {
        let bench = try Bench()
        let silent = try bench.connect()
        let slow = try bench.connect()
        for character in "GET /eot HT" {
            try slow.send(String(character))
            bench.advance(.milliseconds(900))
        }
        bench.advance(.seconds(1))
        for peer in [silent, slow] { #expect(try peer.takeResponse().status == 408) }
        bench.advance(.seconds(1))
        #expect(!silent.isOpen && !slow.isOpen)
        #expect(hits(bench, "handshake_time") == 2)
    }

    @Test func `a body that does not end is given up`() throws {
        let bench = try Bench()
        let peer = try bench.connect()
        try peer.send(
            "POST /raw HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(Bench.token())\r\nContent-Length: 9\r\n\r\nabc"
        )
        bench.advance(.milliseconds(29_999))
        #expect(throws: Unexpected.self) { try peer.takeResponse() }
        bench.advance(.milliseconds(1))
        #expect(try peer.takeResponse().status == 408)
        #expect(hits(bench, "body_time") == 1)
    }

    @Test func `no more sessions than the limit, and a key no more than its share`() throws {
        let keys = try GatewayKeys(["a": "secret-a", "b": "secret-b"])
        let bench = try Bench(access: .keys(keys)) {
            $0.limits.maximumSessions = 4
            $0.limits.keyShare = 0.5
        }
        func enter(_ key: String) throws -> (Peer, Response) {
            let peer = try bench.connect()
            return (peer, try peer.upgrade(token: Bench.token(key: key, secret: "secret-\(key)")))
        }
        let (first, answer) = try enter("a")
        #expect(answer.status == 101)
        let (second, _) = try enter("a")
        let (_, refused) = try enter("a")
        #expect(refused.status == 429)
        #expect(refused.headers["retry-after"] != nil)
        let (third, _) = try enter("b")
        #expect(third.isOpen)
        // A session that ended makes room.
        try first.channel.close().wait()
        #expect(try enter("a").1.status == 101)
        _ = second
        #expect(bench.metric("eot_sessions_refused_total{reason=\"key_limit\"}") == 1)
    }

    @Test func `all sessions taken is a 503 with Retry-After`() throws {
        let bench = try Bench { $0.limits.maximumSessions = 1 }
        let first = try bench.session()
        let peer = try bench.connect()
        let answer = try peer.upgrade()
        #expect(answer.status == 503)
        #expect(answer.headers["retry-after"] != nil)
        #expect(bench.metric("eot_sessions_refused_total{reason=\"session_limit\"}") == 1)
        _ = first
    }

    @Test func `a question that waited a second is dropped and counted`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: "r"))
        bench.advance(.milliseconds(1_001))
        bench.work()
        #expect(try peer.takeMessages().count == 1)
        #expect(bench.model.windows.isEmpty)
        #expect(bench.metric("eot_predictions_total{outcome=\"late\"}") == 1)
        // The session goes on.
        try peer.send(.inferenceStart(requestID: "s"))
        bench.work()
        #expect(try peer.takeMessages().last?.requestID == "s")
    }

    @Test func `while questions wait too long new sessions are refused, and it passes`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        func ask(wait: TimeAmount) throws {
            try peer.send(.inferenceStart(requestID: "r"))
            bench.advance(wait)
            bench.work()
        }
        for _ in 0..<10 { try ask(wait: .milliseconds(99)) }
        #expect(try bench.connect().request("GET", "/readyz").status == 200)
        for _ in 0..<10 { try ask(wait: .milliseconds(150)) }
        let ready = try bench.connect().request("GET", "/readyz")
        #expect(ready.status == 503)
        #expect(ready.text == "{\"status\":\"overloaded\"}\n")
        let refused = try bench.connect().upgrade()
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] != nil)
        #expect(try bench.connect().authorized("POST", "/raw", body: [1]).status == 503)
        #expect(bench.metric("eot_overloaded") == 1)
        // Those that are on are served.
        _ = try peer.takeMessages()
        try ask(wait: .milliseconds(10))
        #expect(try peer.takeMessages().count == 2)
        bench.advance(.milliseconds(5_000))
        #expect(try bench.connect().request("GET", "/readyz").status == 200)
        #expect(try bench.connect().upgrade().status == 101)
    }

    @Test func `one slow answer among many refuses nobody`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        for wait in [900, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10] as [Int64] {
            try peer.send(.inferenceStart(requestID: "r"))
            bench.advance(.milliseconds(wait))
            bench.work()
        }
        #expect(try bench.connect().upgrade().status == 101)
    }

    @Test func `sessions that will be too much are refused before questions wait`() throws {
        // A session is taken to ask 0.2 times a second at first: two at 1.5 s an answer are 0.6 of one worker's time,
        // three are 0.9.
        let bench = try Bench(model: ProbeModel(inference: .milliseconds(1_500))) { $0.maximumLoad = 0.8 }
        let first = try bench.session()
        try first.send(.inferenceStart(requestID: "r"))
        bench.work()
        let second = try bench.session()
        #expect(try #require(bench.metric("eot_load")) > 0.59)
        #expect(try bench.connect().upgrade().status == 503)
        #expect(try bench.connect().request("GET", "/readyz").status == 503)
        #expect(bench.metric("eot_sessions_refused_total{reason=\"overload\"}") == 1)
        // Both prove to be silent.
        for _ in 0..<100 {
            bench.advance(.seconds(1))
            for peer in [first, second] {
                for frame in try peer.takeFrames() where frame.opcode == 9 {
                    try peer.send(frame: Frame(10, frame.payload))
                }
            }
        }
        #expect(try bench.connect().upgrade().status == 101)
        // Or one of them asks often.
        for _ in 0..<100 {
            try first.send(.inferenceStart(requestID: "r"))
            bench.work()
            bench.advance(.milliseconds(100))
        }
        #expect(try bench.connect().upgrade().status == 503)
        #expect(second.isOpen)
        // What was known of it goes with it.
        try first.channel.close().wait()
        #expect(try bench.connect().upgrade().status == 101)
    }

    @Test func `sessions that asked all the time leave nothing behind`() throws {
        let bench = try Bench(model: ProbeModel(inference: .milliseconds(100))) { $0.maximumLoad = 0.8 }
        let peers = try (0..<2).map { _ in try bench.session() }
        for _ in 0..<200 {
            for peer in peers { try peer.send(.inferenceStart(requestID: "r")) }
            bench.work()
            bench.advance(.milliseconds(100))
        }
        #expect(try bench.connect().upgrade().status == 503)
        for peer in peers { try peer.send(.sessionClose) }
        bench.work()
        // They answer the close frame.
        for peer in peers { try peer.send(frame: Frame(8, [3, 232])) }
        #expect(try #require(bench.metric("eot_load")) == 0)
        #expect(try bench.connect().upgrade().status == 101)
    }

    @Test func `questions that nobody takes are overload too`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: "r"))
        bench.advance(.milliseconds(1_001))
        #expect(try bench.connect().upgrade().status == 503)
    }
}
