import CTurnTestSupport
import Foundation
import NIOCore
import Testing
import TurnCore
import TurnGateway
import TurnTesting
import TurnWire

/// The session's table: what each message does. No sockets; the clock stands still.
struct SessionTests {
    private static let samples: [Int16] = (0..<320).map { Int16($0 * 17 % 2_000) }

    private func prediction(_ message: ServerMessage?) throws -> RemotePrediction {
        guard case .prediction(let prediction) = message?.body else {
            throw Unexpected("no prediction: \(String(describing: message?.body))")
        }
        return prediction
    }

    private func code(_ message: ServerMessage?) -> Int? {
        if case .error(let failure) = message?.body { failure.code } else { nil }
    }

    @Test func `session_create is answered with thresholds for the model's languages and a default`() throws {
        let bench = try Bench { $0.thresholds = Thresholds.smartTurn(.livekit) }
        let peer = try bench.connect()
        try peer.upgrade()
        try peer.send(.sessionCreate(SessionSettings()), createdAt: .milliseconds(1_500))
        let message = try #require(peer.takeMessages().first)
        #expect(message.createdAt == Bench.epoch)
        #expect(message.clientCreatedAt == .milliseconds(1_500))
        guard case .sessionCreated(let defaults) = message.body else { throw Unexpected("\(message)") }
        #expect(defaults.thresholds.count == 23)
        #expect(defaults.thresholds["en"] == 0.5)
        #expect(defaults.defaultThreshold == 0.5)
        #expect(defaults.backchannelThresholds.isEmpty)
        #expect(defaults.defaultBackchannelThreshold == 0)
    }

    @Test func `a start is acknowledged, then answered for the audio before it`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.sendAudio(Self.samples, createdAt: Bench.epoch - .milliseconds(300))
        try peer.sendAudio(Self.samples, createdAt: Bench.epoch - .milliseconds(80))
        bench.advance(.milliseconds(10))
        try peer.send(.inferenceStart(requestID: "r1"), createdAt: .seconds(7))
        let started = try #require(peer.takeMessages().first)
        guard case .inferenceStarted = started.body else { throw Unexpected("\(started)") }
        #expect(started.requestID == "r1")
        #expect(started.clientCreatedAt == .seconds(7))

        // What comes between the question and its answer is not seen.
        try peer.sendAudio([30_000, 30_000])
        bench.advance(.milliseconds(40))
        bench.work()
        let answers = try peer.takeMessages()
        #expect(answers.count == 1)
        let answer = try #require(answers.first)
        #expect(answer.requestID == "r1")
        #expect(answer.clientCreatedAt == .seconds(7))
        #expect(answer.createdAt == Bench.epoch + .milliseconds(50))
        let prediction = try prediction(answer)
        #expect(bench.model.windows == [(Self.samples + Self.samples).map { Float($0) / 32_768 }])
        #expect(prediction.probability == Float(Self.samples[319]) / 32_768)
        #expect(prediction.backend == .unknown)
        #expect(prediction.backchannelProbability == 0)
        let stats = try #require(prediction.stats)
        #expect(stats.earliestClientCreatedAt == Bench.epoch - .milliseconds(300))
        #expect(stats.latestClientCreatedAt == Bench.epoch - .milliseconds(80))
        #expect(stats.clientLatency == .milliseconds(130))
        #expect(stats.serverLatency == .milliseconds(40))
        #expect(stats.preprocessing == .milliseconds(2))
        #expect(stats.inference == .milliseconds(20))
        #expect(bench.metric("eot_predictions_total{outcome=\"answered\"}") == 1)
    }

    @Test func `latency is left out when the client's clock is ahead, or told nothing`() throws {
        let bench = try Bench()
        let ahead = try bench.session()
        try ahead.sendAudio([1], createdAt: Bench.epoch + .seconds(5))
        try ahead.send(.inferenceStart(requestID: "a"))
        let silent = try bench.session()
        try silent.sendAudio([1])
        try silent.send(.inferenceStart(requestID: "b"))
        bench.work()
        let first = try #require(prediction(ahead.takeMessages().last).stats)
        #expect(first.clientLatency == nil)
        #expect(first.latestClientCreatedAt == Bench.epoch + .seconds(5))
        let second = try #require(prediction(silent.takeMessages().last).stats)
        #expect(second.clientLatency == nil)
        #expect(second.latestClientCreatedAt == nil)
        #expect(second.earliestClientCreatedAt == nil)
    }

    @Test func `the window holds the last 8 s, however late a worker comes`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        // 20 s in pieces of 50 ms; each sample tells its place modulo 32,749 (a prime).
        let all = (0..<320_000).map { Int16($0 % 32_749) }
        for start in stride(from: 0, to: all.count, by: 800) {
            try peer.sendAudio(Array(all[start..<(start + 800)]), createdAt: .milliseconds(start / 16))
        }
        try peer.send(.inferenceStart(requestID: "r"))
        // More than the ring has room for, before a worker takes the question.
        for start in stride(from: 0, to: 160_000, by: 16_000) {
            try peer.sendAudio(Array(all[start..<(start + 16_000)]))
        }
        bench.work()
        #expect(bench.model.windows.last == all.suffix(128_000).map { Float($0) / 32_768 })
        let stats = try #require(prediction(peer.takeMessages().last).stats)
        #expect(stats.earliestClientCreatedAt == .milliseconds(12_000))
        #expect(stats.latestClientCreatedAt == .milliseconds(19_950))
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `whatever comes between, a question sees the audio since the flush before it`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bench = try Bench(model: ProbeModel(windowSampleCount: 20_000)) {
            $0.limits.audioBurst = 1e6
            $0.limits.messagesPerSecond = 1 << 30
        }
        let peer = try bench.session()
        let noise = (0..<100_000).map { _ in Int16.random(in: -32_768...32_767, using: &generator) }
        var heard: [Int16] = []
        var asked: [Int16]?
        var expected: [[Float]] = []
        let stepCount = turn_is_sanitized() ? 200 : 600
        for _ in 0..<stepCount {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0:
                try peer.send(.sessionFlush)
                heard = []
            case 1...4:
                try peer.send(.inferenceStart(requestID: "r"))
                asked = heard.suffix(20_000)
            case 5...7:
                bench.work()
                if let asked { expected.append(asked.map { Float($0) / 32_768 }) }
                asked = nil
            default:
                let count = Int.random(in: 0...(seed < 4 ? 900 : 60_000), using: &generator)
                let start = Int.random(in: 0...(noise.count - count), using: &generator)
                let samples = Array(noise[start..<(start + count)])
                try peer.sendAudio(samples)
                heard = (heard + samples).suffix(20_000)
            }
        }
        #expect(expected.count > stepCount / 30)
        #expect(bench.model.windows == expected)
    }

    @Test func `a new start takes the place of one that waits, which is never answered`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.sendAudio([100])
        try peer.send(.inferenceStart(requestID: "old"))
        try peer.sendAudio([200])
        try peer.send(.inferenceStart(requestID: "new"))
        bench.work()
        let messages = try peer.takeMessages()
        #expect(messages.map(\.requestID) == ["old", "new", "new"])
        #expect(bench.model.windows == [[100, 200].map { Float($0) / 32_768 }])
        #expect(bench.metric("eot_predictions_total{outcome=\"superseded\"}") == 1)
    }

    @Test func `inference_stop drops what waits, and is acknowledged in any case`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: "r"))
        try peer.send(.inferenceStop(requestID: "another"))
        try peer.send(.inferenceStop(requestID: "r"), createdAt: .seconds(3))
        bench.work()
        let messages = try peer.takeMessages()
        #expect(messages.count == 3)
        for message in messages.dropFirst() {
            guard case .inferenceStopped = message.body else { throw Unexpected("\(message)") }
        }
        #expect(messages.map(\.requestID) == ["r", "another", "r"])
        #expect(messages.last?.clientCreatedAt == .seconds(3))
        #expect(bench.model.windows.isEmpty)
        #expect(bench.metric("eot_predictions_total{outcome=\"stopped\"}") == 1)
    }

    @Test func `session_flush empties the window, but not that of a start before it`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.sendAudio([100], createdAt: .seconds(1))
        try peer.send(.inferenceStart(requestID: "before"))
        try peer.send(.sessionFlush)
        bench.work()
        try peer.send(.inferenceStart(requestID: "empty"))
        bench.work()
        try peer.sendAudio([200], createdAt: .seconds(2))
        try peer.send(.inferenceStart(requestID: "after"))
        bench.work()
        #expect(bench.model.windows == [[100 / 32_768], [], [200 / 32_768]])
        let stats = try #require(prediction(peer.takeMessages().last).stats)
        #expect(stats.earliestClientCreatedAt == .seconds(2))
    }

    @Test(arguments: [CloseWay.close, .drain])
    func `at the end what is in flight is answered, then the session is closed`(way: CloseWay) throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: "r"))
        _ = try peer.takeFrames()
        switch way {
        case .close: try peer.send(.sessionClose)
        case .drain: bench.gateway.drain()
        }
        #expect(try peer.takeFrames().isEmpty)
        // Nothing more is taken.
        try peer.send(.inferenceStart(requestID: "late"))
        bench.work()
        let frames = try peer.takeFrames()
        let messages = try frames.filter { $0.opcode == 2 }.map { try ServerMessage(decoding: $0.payload) }
        #expect(messages.count == 2)
        #expect(messages.first?.requestID == "r")
        guard case .sessionClosed = messages.last?.body else { throw Unexpected("\(messages)") }
        #expect(frames.last?.close?.code == (way == .close ? 1000 : 1001))
        #expect(bench.metric("eot_sessions") == 1)
        try peer.send(frame: .close(1000))
        #expect(!peer.isOpen)
        #expect(bench.metric("eot_sessions") == 0)
    }

    enum CloseWay: CaseIterable { case close, drain }

    @Test func `messages of other services are taken and ignored`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        for body in [ClientMessage.Body.bufferStart, .bufferStop, .chatContext] { try peer.send(body) }
        // A kind of message that does not exist yet: field 15, empty.
        try peer.send(message: [0x7A, 0x00])
        #expect(try peer.takeFrames().isEmpty)
        #expect(peer.isOpen)
    }

    @Test func `a second session_create is an error 409, and the session goes on`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.sessionCreate(SessionSettings()), createdAt: .seconds(4))
        let message = try peer.takeMessages().first
        #expect(code(message) == 409)
        #expect(message?.clientCreatedAt == .seconds(4))
        try peer.send(.inferenceStart(requestID: "r"))
        bench.work()
        #expect(try prediction(peer.takeMessages().last).probability == 0)
        #expect(bench.metric("eot_errors_total{code=\"409\"}") == 1)
    }

    @Test(
        arguments: [
            (.inferenceStart(requestID: "r"), 400), (.inputAudio(InputAudio(samples: [1])), 400),
            (.sessionFlush, 400), (.sessionClose, 400), (.bufferStart, 400), (.sessionCreate(nil), 400),
            (.sessionCreate(SessionSettings(encoding: .opus)), 415),
            (.sessionCreate(SessionSettings(encoding: .unrecognized(9))), 415),
            (.sessionCreate(SessionSettings(detection: .interruption)), 501),
            (.sessionCreate(SessionSettings(sampleRate: 7_999)), 400),
            (.sessionCreate(SessionSettings(sampleRate: 192_001)), 400),
        ] as [(ClientMessage.Body, Int)])
    func `a session that cannot be ends with an error and 1008`(
        body: ClientMessage.Body, expected: Int
    ) throws {
        let bench = try Bench()
        let peer = try bench.connect()
        try peer.upgrade()
        try peer.send(body)
        let frames = try peer.takeFrames()
        #expect(try code(ServerMessage(decoding: #require(frames.first).payload)) == expected)
        #expect(frames.last?.close?.code == 1008)
        try peer.send(frame: .close(1008))
        #expect(!peer.isOpen)
    }

    @Test(
        arguments: [
            (InputAudio(audio: [1, 2, 3], sampleCount: 1), 400),
            (InputAudio(audio: [1, 2], sampleCount: 0), 400),
            (InputAudio(audio: [], sampleCount: 1), 400),
            (InputAudio(audio: [1, 2], sampleCount: 2), 400),
            (InputAudio(audio: [UInt8](repeating: 0, count: 18), sampleCount: 1), 400),
            (InputAudio(audio: [UInt8](repeating: 0, count: 16), sampleCount: 1), nil),
            (InputAudio(audio: [], sampleCount: 0), nil),
        ] as [(InputAudio, Int?)])
    func `bytes and samples have to agree`(audio: InputAudio, expected: Int?) throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inputAudio(audio))
        #expect(try code(peer.takeMessages().first) == expected)
        #expect(peer.isOpen)
    }

    @Test(arguments: ["", String(repeating: "x", count: 257)])
    func `a request's id has to be there and short`(id: String) throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: id))
        #expect(try code(peer.takeMessages().first) == 400)
        bench.work()
        #expect(bench.model.windows.isEmpty)
        #expect(peer.isOpen)
    }

    @Test func `channels are averaged`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        let interleaved: [Int16] = [100, 300, -200, 0, 32_767, 32_767]
        try peer.send(.inputAudio(InputAudio(audio: InputAudio(samples: interleaved).audio, sampleCount: 3)))
        try peer.send(.inferenceStart(requestID: "r"))
        bench.work()
        #expect(bench.model.windows == [[200, -100, 32_767].map { Float($0) / 32_768 }])
    }

    @Test(arguments: [8_000, 24_000, 44_100, 48_000, 192_000])
    func `other rates are resampled: a tone stays that tone`(rate: Int) throws {
        let bench = try Bench()
        let peer = try bench.session(sampleRate: rate)
        let count = rate
        func tone(_ rate: Int, _ index: Int) -> Double {
            16_000 * sin(2 * .pi * 440 * Double(index) / Double(rate))
        }
        for start in stride(from: 0, to: count, by: rate / 50) {
            try peer.sendAudio((start..<(start + rate / 50)).map { Int16(tone(rate, $0).rounded()) })
        }
        try peer.send(.inferenceStart(requestID: "r"))
        bench.work()
        let heard = try #require(bench.model.windows.first)
        // A second, less what the filter holds back (10 ms at most).
        #expect((15_840...16_000).contains(heard.count))
        // Away from the start, where the filter sees the silence before: within a step of 16 bits and the filter's
        // ripple of 0.01 dB.
        let error = heard.indices.dropFirst(400).map { abs(Double(heard[$0]) * 32_768 - tone(16_000, $0)) }
            .max()
        #expect(try #require(error) < 1 + 16_000 * 0.0012)
    }

    @Test func `a model that fails is an error 500 for that question alone`() throws {
        let bench = try Bench(model: ProbeModel(failure: TurnError(.inference, "broken; mend it")))
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: "r"), createdAt: .seconds(2))
        bench.work()
        let message = try peer.takeMessages().last
        #expect(code(message) == 500)
        #expect(message?.requestID == "r")
        #expect(peer.isOpen)
        #expect(bench.metric("eot_predictions_total{outcome=\"failed\"}") == 1)
    }

    @Test func `a session that is cut off leaves no question behind`() throws {
        let bench = try Bench()
        let peer = try bench.session()
        try peer.send(.inferenceStart(requestID: "r"))
        try peer.channel.close().wait()
        bench.work()
        #expect(bench.model.windows.isEmpty)
        #expect(bench.metric("eot_predictions_total{outcome=\"abandoned\"}") == 1)
        #expect(bench.metric("eot_sessions") == 0)
        #expect(bench.metric("eot_sessions_closed_total{code=\"1006\"}") == 1)
    }
}
