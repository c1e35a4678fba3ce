import TurnAudio
import TurnCore

/// The audio of one stream: the window of the local model and the queue of the service, fed by the same frames as they
/// are taken from the stream's inbox.
///
/// Not for use from two threads at once; the stream's lock protects it. A class, since the ingress hands samples to
/// the window while it is itself being changed.
final class StreamAudio {
    /// Samples that are taken from the inbox at a time, at most.
    private static let receivedCount = 2_048
    /// Longest piece of audio that a transport is given.
    static let pieceDuration: Duration = .milliseconds(100)
    /// Audio that waits for a service, at most.
    static let queueDuration: Duration = .seconds(10)

    private(set) var outbound: OutboundQueue
    private let inbox: StreamInbox
    private let pieceCount: Int
    private let sampleRate: Int
    private var ingress = AudioIngress()
    private var outboundIngress: AudioIngress?
    private var ring: SampleRing?
    /// Samples of the ring before it were flushed.
    private var floor = 0
    /// Samples that the inbox lost while they were for a service, at the service's rate.
    private var inboxLossCount = 0
    /// Room for audio on its way here.
    private var piece: [Float] = []

    /// - Parameters:
    ///   - inbox: where it comes from.
    ///   - windowSampleCount: what the local model looks at; nil if none will be asked.
    ///   - sampleRate: the service's.
    /// - Throws: ``TurnError`` for a rate that is not supported.
    init(_ inbox: StreamInbox, windowSampleCount: Int?, sampleRate: Int) throws(TurnError) {
        self.inbox = inbox
        self.sampleRate = sampleRate
        ring = windowSampleCount.map { SampleRing(capacity: $0) }
        if sampleRate != ingress.outputSampleRate {
            outboundIngress = try AudioIngress(outputSampleRate: sampleRate)
        }
        pieceCount = max(1, Int(Self.pieceDuration.seconds * Double(sampleRate)))
        outbound = OutboundQueue(
            limit: Int(Self.queueDuration.seconds) * sampleRate, reserve: pieceCount * 2)
    }

    /// Samples at 16 kHz so far.
    var position: Int { ring?.totalCount ?? 0 }

    /// Samples for the service that were dropped because nobody took them in time.
    var droppedCount: Int { outbound.droppedCount + inboxLossCount }

    /// Whether a connection waits for what is pushed.
    func want(_ isWanted: Bool) { inbox.want(isWanted) }

    /// Takes what has been pushed before the call from the inbox.
    func receive(toService: Bool) {
        // What is pushed meanwhile may stay, so that a fast thread holds nobody up.
        var rest = inbox.sampleCount
        while rest > 0 {
            if piece.isEmpty { piece = [Float](repeating: 0, count: Self.receivedCount) }
            let (count, rate, lost) = piece.withUnsafeMutableBufferPointer { inbox.pop(into: $0) }
            if toService { inboxLossCount += lost * sampleRate / rate }
            guard count > 0 else { return }
            piece.withUnsafeBufferPointer {
                take(UnsafeBufferPointer(rebasing: $0[..<count]), rate, toService: toService)
            }
            rest -= count
        }
    }

    /// Nothing heard so far counts any more; another format may follow. What was pushed is received first.
    func flush(toService: Bool) {
        let (samples, rate) = inbox.popAll()
        samples.withUnsafeBufferPointer { take($0, rate, toService: toService) }
        ingress.flush { samples in take(samples, toService: toService) }
        outboundIngress?.flush { samples in if toService { outbound.append(samples) } }
        if toService { outbound.append(.flush) }
        floor = position
    }

    func append(_ mark: OutboundQueue.Mark) { outbound.append(mark) }

    func remove(requestID: String) { outbound.remove(requestID: requestID) }

    func dropOutbound() { outbound.removeAll() }

    func popFirst() -> TransportCommand? { outbound.popFirst(sampleLimit: pieceCount) }

    /// The audio that a local prediction looks at.
    ///
    /// - Parameters:
    ///   - lookback: samples that count, at most; nil for all since the last flush.
    ///   - position: where it ends, as ``position`` was then.
    /// - Returns: samples, oldest first.
    func window(lookback: Int?, endingAt position: Int) -> [Float] {
        guard let ring else { return [] }
        let late = ring.totalCount - position
        let count = max(0, lookback ?? position - floor)
        var samples = ring.last(count + late)
        samples.removeLast(min(late, samples.count))
        return samples
    }

    /// Resamples mono audio. The rate is a frame's, so it is supported, and the same until the next flush.
    private func take(_ samples: UnsafeBufferPointer<Float>, _ rate: Int, toService: Bool) {
        guard !samples.isEmpty, let format = try? AudioFormat(sampleRate: rate) else { return }
        try? ingress.push(samples, format: format) { take($0, toService: toService) }
        if toService { try? outboundIngress?.push(samples, format: format) { outbound.append($0) } }
    }

    private func take(_ samples: UnsafeBufferPointer<Float>, toService: Bool) {
        ring?.append(samples)
        if toService, outboundIngress == nil { outbound.append(samples) }
    }
}
