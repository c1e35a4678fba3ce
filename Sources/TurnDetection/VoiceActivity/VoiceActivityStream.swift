public import Logging
import TurnAudio
public import TurnCore

/// Segments of speech in audio of any format, with the audio that belongs to them.
///
/// Windows of 512 samples at 16 kHz are scored; the audio of events keeps the input's rate, mixed down to mono. Not for
/// use from two threads at once. Source: LiveKit Agents 1.8.9, its voice activity stream, with
/// ``finish(_:)`` that ends an open segment (S-23).
public final class VoiceActivityStream {
    /// An event with its audio.
    public struct Event: Sendable, Hashable {
        public let event: VoiceActivityEvent
        /// Mono samples at ``sampleRate``. `inferenceDone`: the window. `startOfSpeech`: the padding and the windows
        /// that started it. `endOfSpeech`: the padding, the speech and the silence that ended it, as far as it was
        /// kept.
        public let audio: [Float]
        /// The input's, in hertz.
        public let sampleRate: Int
    }

    /// Figures of 32 windows.
    public struct Metrics: Sendable, Hashable {
        /// End of the last window.
        public let timestamp: Duration
        /// Since the last start or end of speech.
        public let idleDuration: Duration
        /// Time that the model took for all of them.
        public let inferenceDuration: Duration
        public let inferenceCount: Int
        public let modelName: String
    }

    /// Windows between two ``Metrics``.
    public static let metricsInterval = 32
    /// A window that takes longer is worth a warning.
    public static let slowInference: Duration = .milliseconds(200)

    /// May be changed at any time; the next window obeys. More room for audio lets a segment's audio go on.
    public var options: VoiceActivityOptions {
        get { detector.options }
        set {
            if newValue.maxBufferedSpeech > detector.options.maxBufferedSpeech { isFull = false }
            detector.options = newValue
        }
    }
    /// Called with the figures of every 32 windows.
    public var onMetrics: ((Metrics) -> Void)?

    private let model: any SpeechActivityModel
    private let log: Logger
    private let clock = ContinuousClock()
    private var stream: any SpeechActivityStream
    private var detector: VoiceActivityDetector
    private var ingress = AudioIngress()
    /// Mixes down, but keeps the rate.
    private var mixer: AudioIngress?
    private var window: [Float] = []
    /// Audio at the input's rate that no window has taken yet.
    private var input: [Float] = []
    /// The segment so far, or the padding before the next one.
    private var segment: [Float] = []
    private var windowCount = 0
    private var isFull = false
    private var isFinished = false
    private var lastChange: Duration = .zero
    private var inferenceTotal: Duration = .zero

    /// - Parameters:
    ///   - model: tells speech from silence.
    ///   - options: thresholds and durations.
    ///   - logger: for warnings.
    public init(
        model: any SpeechActivityModel, options: VoiceActivityOptions = .default,
        logger: Logger = Logger(label: "turn-detection")
    ) {
        self.model = model
        log = logger
        stream = model.makeStream()
        detector = VoiceActivityDetector(options: options, windowSampleCount: model.windowSampleCount)
        window.reserveCapacity(model.windowSampleCount)
    }

    /// Takes audio of any length.
    ///
    /// - Parameters:
    ///   - frame: its format must be that of the first one since the start or the last flush.
    ///   - emit: called with each event, in order.
    /// - Throws: ``TurnError`` `.invalidAudio` for another format, with the frame dropped; `.closed` after
    ///   ``finish(_:)``.
    public func push(_ frame: AudioFrame, _ emit: (Event) -> Void) throws(TurnError) {
        guard !isFinished else { throw TurnError(.closed, "the audio was ended before; make a new stream") }
        if ingress.format == nil { mixer = try AudioIngress(outputSampleRate: frame.format.sampleRate) }
        var fresh: [Float] = []
        try ingress.push(frame) { fresh.append(contentsOf: $0) }
        try mixer?.push(frame) { input.append(contentsOf: $0) }
        take(fresh, emit)
    }

    /// Forgets everything without ending an open segment; time starts at zero, another format may follow.
    public func flush() {
        ingress.reset()
        mixer = nil
        stream.reset()
        detector.flush()
        window.removeAll(keepingCapacity: true)
        input = []
        segment = []
        windowCount = 0
        isFull = false
        lastChange = .zero
        inferenceTotal = .zero
    }

    /// Ends the audio and an open segment. Nothing may be pushed any more.
    public func finish(_ emit: (Event) -> Void) {
        guard !isFinished else { return }
        var tail: [Float] = []
        ingress.flush { tail.append(contentsOf: $0) }
        take(tail, emit)
        if !window.isEmpty {
            window += [Float](repeating: 0, count: model.windowSampleCount - window.count)
            score(emit)
        }
        let rate = sampleRate
        if let end = detector.finish() { emit(Event(event: end, audio: segment, sampleRate: rate)) }
        flush()
        isFinished = true
    }

    private var sampleRate: Int { mixer?.outputSampleRate ?? ingress.outputSampleRate }

    private func take(_ samples: [Float], _ emit: (Event) -> Void) {
        var rest = samples[...]
        while !rest.isEmpty {
            let count = min(rest.count, model.windowSampleCount - window.count)
            window.append(contentsOf: rest.prefix(count))
            rest = rest.dropFirst(count)
            if window.count == model.windowSampleCount { score(emit) }
        }
    }

    private func score(_ emit: (Event) -> Void) {
        let start = clock.now
        let probability = window.withUnsafeBufferPointer { stream.probability(of: $0) }
        let duration = clock.now - start
        window.removeAll(keepingCapacity: true)
        let wasSpeaking = detector.isSpeaking
        let step = detector.step(probability: probability, inferenceDuration: duration)
        let audio = takeInput()
        keep(audio, isSpeaking: wasSpeaking)
        emit(Event(event: step.inference, audio: audio, sampleRate: sampleRate))
        if let transition = step.transition {
            lastChange = transition.timestamp
            emit(Event(event: transition, audio: segment, sampleRate: sampleRate))
            if transition.kind == .endOfSpeech { isFull = false }
        }
        if !detector.isSpeaking { trim() }
        measure(duration, at: step.inference.timestamp)
    }

    /// The input behind one window: at 44.1 kHz 1411 samples, now and then 1412.
    private func takeInput() -> [Float] {
        let before = windowCount * model.windowSampleCount * sampleRate / 16_000
        windowCount += 1
        let after = windowCount * model.windowSampleCount * sampleRate / 16_000
        let taken = Array(input.prefix(after - before))
        input.removeFirst(taken.count)
        return taken
    }

    private func keep(_ audio: [Float], isSpeaking: Bool) {
        let limit = count(options.maxBufferedSpeech + options.prefixPaddingDuration)
        guard !isFull else { return }
        let room = max(0, limit - segment.count)
        segment.append(contentsOf: audio.prefix(room))
        if isSpeaking, audio.count > room {
            log.warning("a speech segment is too long for its buffer; the rest of its audio is dropped")
            isFull = true
        }
    }

    /// Outside a segment only the padding is kept, and the speech that may start one.
    private func trim() {
        let limit = count(options.prefixPaddingDuration + detector.pendingSpeech)
        if segment.count > limit { segment.removeFirst(segment.count - limit) }
    }

    private func measure(_ duration: Duration, at timestamp: Duration) {
        if duration > Self.slowInference { log.warning("voice activity is slower than the audio") }
        inferenceTotal += duration
        guard windowCount.isMultiple(of: Self.metricsInterval) else { return }
        onMetrics?(
            Metrics(
                timestamp: timestamp, idleDuration: timestamp - lastChange, inferenceDuration: inferenceTotal,
                inferenceCount: Self.metricsInterval, modelName: model.name))
        inferenceTotal = .zero
    }

    private func count(_ duration: Duration) -> Int { Int(duration.seconds * Double(sampleRate)) }
}
