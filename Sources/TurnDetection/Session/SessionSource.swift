import TurnCore

/// Where a session's predictions come from: a detector and a stream of it, or nobody.
struct SessionSource: Sendable {
    let detector: TurnDetector?
    let stream: TurnDetectorStream?

    /// - Parameters:
    ///   - detector: nil for nobody.
    ///   - connectionOptions: of the stream; nil for the detector's.
    ///   - inbox: told when another model takes over.
    /// - Throws: ``TurnError`` when no stream can be set up.
    init(
        _ detector: TurnDetector?, _ connectionOptions: ConnectionOptions?, _ inbox: SessionInbox
    ) throws(TurnError) {
        self.detector = detector
        stream = try detector?.stream(connectionOptions: connectionOptions) { [weak inbox] change in
            inbox?.put(.service(change))
        }
    }
}
