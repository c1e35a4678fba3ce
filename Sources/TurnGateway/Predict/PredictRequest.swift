import CoreMetrics
import Logging
import NIOCore
import NIOHTTP1
import TurnCore

/// A request for one prediction about the audio in its body.
struct PredictRequest: Sendable {
    private let contentType: ContentType
    private let language: String?
    private let keyID: String
    private var body = ByteBuffer()

    /// - Throws: the answer to a request whose body is announced to be too large.
    init(_ head: HTTPRequestHead, keyID: String, limits: GatewayLimits) throws(Gate.Refusal) {
        if let text = head.headers.first(name: "Content-Length"), let count = Int(text),
            count > limits.maximumBodyByteCount
        {
            throw Gate.Refusal(answer: Self.tooLarge(limits))
        }
        self.keyID = keyID
        contentType = ContentType(head.headers.first(name: "Content-Type") ?? "")
        let query = head.uri.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        language = query.split(separator: "&").first { $0.hasPrefix("language=") }
            .map { String($0.dropFirst("language=".count)) }
    }

    static func tooLarge(_ limits: GatewayLimits) -> HTTPAnswer {
        .error(
            .payloadTooLarge,
            "the body holds more than \(limits.maximumBodyByteCount) bytes; send the audio's end, 8 s count")
    }

    /// Bytes of the body so far.
    var byteCount: Int { body.readableBytes }

    mutating func append(_ piece: ByteBuffer) {
        var piece = piece
        body.writeBuffer(&piece)
    }

    /// Asks for the prediction.
    ///
    /// - Parameters:
    ///   - core: of the gateway.
    ///   - arrival: when the body was complete.
    ///   - reply: is told the answer, on any thread.
    func run(
        on core: GatewayCore, arrival: NIODeadline, reply: @escaping @Sendable (HTTPAnswer) -> Void
    ) {
        let job = PredictionQueue.Job(arrival: arrival) { (target) throws(TurnError) in
            try RequestAudio([UInt8](body.readableBytesView), contentType: contentType).readLast(into: target)
        } finish: { outcome in
            core.note(outcome)
            reply(answer(outcome, core, Duration(core.now - arrival)))
        }
        core.monitor.note { $0.requested(now: arrival) }
        core.queue.submit(job, at: PredictionQueue.Place())
    }

    private func answer(
        _ outcome: PredictionQueue.Outcome, _ core: GatewayCore, _ total: Duration
    ) -> HTTPAnswer {
        switch outcome {
        case .predicted(let prediction, _):
            core.metrics.predicted(.answered)
            core.metrics.serverLatency.recordSeconds(total.inSeconds)
            let threshold = core.options.thresholds.value(for: LanguageCode(language ?? "")) ?? 0.5
            let isFinished = prediction.probability >= Float(threshold)
            let inference = prediction.featuresDuration + prediction.inferenceDuration
            return .json(
                .ok,
                "{\"prediction\":\(isFinished ? 1 : 0),"
                    + "\"probability\":\(JSONText.number(Double(prediction.probability))),"
                    + "\"model\":\(JSONText.quoted(core.model.name)),"
                    + "\"metrics\":{\"inference_time\":\(JSONText.number(inference.inSeconds)),"
                    + "\"total_time\":\(JSONText.number(total.inSeconds))}}\n")
        case .late:
            core.metrics.predicted(.late)
            return .error(
                .serviceUnavailable, "the gateway is overloaded; try again, or elsewhere",
                headers: [("Retry-After", "2")], closes: false)
        case .failed(let error):
            core.metrics.predicted(.failed)
            switch error.code {
            case .audioTooLong: return .error(.payloadTooLarge, error.message, closes: false)
            case .invalidAudio, .invalidArgument: return .error(.badRequest, error.message, closes: false)
            default:
                core.logger.error(
                    "prediction failed", metadata: ["key": "\(keyID)", "error": "\(error.message)"])
                return .error(.internalServerError, "the prediction failed", closes: false)
            }
        }
    }
}
