import TurnAudio
import TurnCore

/// The audio of one stream: the window of the local model and the queue of the service, fed by the same frames.
///
/// Not for use from two threads at once; the stream's lock protects it. A class, since the ingress hands samples to
/// the window while it is itself being changed.
final class StreamAudio {
    /// Longest piece of audio that a transport is given.
    static let pieceDuration: Duration = .milliseconds(100)
    /// Audio that waits for a service, at most.
    static let queueDuration: Duration = .seconds(10)

    private(set) var outbound: OutboundQueue
    private let pieceCount: Int
    private var ingress = AudioIngress()
    private var outboundIngress: AudioIngress?
    private var ring: SampleRing?
    /// Samples of the ring before it were flushed.
    private var floor = 0

    /// - Parameters:
    ///   - windowSampleCount: what the local model looks at; nil if none will be asked.
    ///   - sampleRate: the service's.
    /// - Throws: ``TurnError`` for a rate that is not supported.
    init(windowSampleCount: Int?, sampleRate: Int) throws(TurnError) {
        ring = windowSampleCount.map { SampleRing(capacity: $0) }
        if sampleRate != ingress.outputSampleRate {
            outboundIngress = try AudioIngress(outputSampleRate: sampleRate)
        }
        pieceCount = max(1, Int(Self.pieceDuration.seconds * Double(sampleRate)))
        outbound = OutboundQueue(
            limit: Int(Self.queueDuration.seconds) * sampleRate, reserve: pieceCount * 2)
    }

    /// Whether more than one piece waits for a service.
    var isPilingUp: Bool { outbound.sampleCount > pieceCount }

    /// Samples at 16 kHz so far.
    var position: Int { ring?.totalCount ?? 0 }

    /// - Throws: ``TurnError`` for a format other than the first frame's; the frame is dropped.
    func push(_ frame: AudioFrame, toService: Bool) throws(TurnError) {
        try ingress.push(frame) { samples in take(samples, toService: toService) }
        if toService { try outboundIngress?.push(frame) { samples in outbound.append(samples) } }
    }

    /// Nothing heard so far counts any more; another format may follow.
    func flush(toService: Bool) {
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

    private func take(_ samples: UnsafeBufferPointer<Float>, toService: Bool) {
        ring?.append(samples)
        if toService, outboundIngress == nil { outbound.append(samples) }
    }
}
