import NIOCore
import Testing
import TurnCore
import TurnLoad
import TurnTesting
import TurnWire

/// Messages that are encoded once and stamped at each sending, read back by the codec of the wire.
struct AudioMessagesTests {
    /// Noise, so that no two frames are alike.
    private static func audio(sampleCount: Int, pauses: [Int]) throws -> LoadAudio {
        var generator = SeededGenerator(seed: 6)
        let samples = (0..<sampleCount).map { _ in Int16.random(in: .min ... .max, using: &generator) }
        return try LoadAudio(samples: samples, pauses: pauses)
    }

    /// Stamps with the shortest and longest numbers, and one of today.
    private static let stamps = [
        Duration.zero, .nanoseconds(1), .seconds(1), .nanoseconds(999_999_999),
        .seconds(1_795_670_000) + .nanoseconds(268_435_456), .seconds(34_359_738_367) + .nanoseconds(127),
    ]

    @Test(arguments: [320, 800], stamps)
    func `a stamped template is the message that the codec knows`(
        frameSampleCount: Int, stamp: Duration
    ) throws {
        let audio = try Self.audio(sampleCount: 16_100, pauses: [1])
        let messages = AudioMessages(audio, frameSampleCount: frameSampleCount)
        #expect(messages.frames.count == 16_100 / frameSampleCount)
        for (index, frame) in messages.frames.enumerated() {
            let buffer = frame.message(at: WireStamp(stamp))
            let message = try ClientMessage(decoding: Array(buffer.readableBytesView))
            let start = index * frameSampleCount
            let expected = InputAudio(
                samples: audio.samples[start..<(start + frameSampleCount)], createdAt: stamp)
            #expect(message.body == .inputAudio(expected))
            #expect(message.createdAt == stamp)
        }
    }

    @Test func `stamping one message leaves the next sending of it alone`() throws {
        let audio = try Self.audio(sampleCount: 16_000, pauses: [1])
        let frame = AudioMessages(audio, frameSampleCount: 800).frames[3]
        let first = frame.message(at: WireStamp(.seconds(5)))
        let second = frame.message(at: WireStamp(.seconds(6)))
        #expect(try ClientMessage(decoding: Array(first.readableBytesView)).createdAt == .seconds(5))
        #expect(try ClientMessage(decoding: Array(second.readableBytesView)).createdAt == .seconds(6))
    }

    @Test(
        arguments: [
            ([1], [0]), ([800], [0]), ([801], [1]), ([16_000], [19]), ([16_050], [19]),
            ([2_400, 2_401, 9_000], [2, 3, 11]),
        ] as [([Int], [Int])])
    func `a question follows the frame that holds the pause`(pauses: [Int], frames: [Int]) throws {
        let audio = try Self.audio(sampleCount: 16_100, pauses: pauses)
        let messages = AudioMessages(audio, frameSampleCount: 800)
        #expect(messages.frames.indices.filter { messages.frames[$0].endsPause } == frames)
    }
}

/// Where the pauses of a recording are.
struct LoadAudioTests {
    @Test func `a pause is found 200 ms after speech, in whole windows`() throws {
        let loud = [Float](repeating: 0.5, count: 16_000)
        let quiet = [Float](repeating: 0, count: 16_000)
        let audio = try LoadAudio(recording: loud + quiet + loud + quiet, model: EnergySpeechModel())
        #expect(audio.pauses.count == 2)
        for (pause, speechEnd) in zip(audio.pauses, [16_000, 48_000]) {
            // 200 ms are 3,200 samples; windows of 512 samples end up to one later, and speech may end within one.
            #expect((speechEnd + 2_688...speechEnd + 4_224).contains(pause), "\(pause)")
        }
        #expect(audio.samples.prefix(16_000).allSatisfy { $0 == 16_384 })
    }

    @Test(arguments: [0, 15_999])
    func `a recording that is too short is refused`(sampleCount: Int) {
        #expect(throws: TurnError.self) {
            try LoadAudio(samples: [Int16](repeating: 0, count: sampleCount), pauses: [1])
        }
    }

    @Test func `a recording without a pause is refused`() {
        let error = #expect(throws: TurnError.self) {
            try LoadAudio(
                recording: [Float](repeating: 0.5, count: 32_000), model: EnergySpeechModel())
        }
        #expect(error?.code == .invalidAudio)
    }
}
