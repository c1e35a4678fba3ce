import TurnCore

/// What a stream is, behind its lock.
struct StreamState {
    /// Who answers.
    enum Service { case cloud, local }

    /// Who was asked.
    enum Route { case cloud, local }

    /// The request in flight.
    struct Request {
        let handle: PredictionHandle
        var route: Route
        let lookback: Int?
        /// Where its audio ends.
        let position: Int
        let time: Duration
        var limit: Timeouts.Timeout?
    }

    /// The tasks of a stream that uses a service.
    struct Work {
        var attempt: Task<Void, any Error>?
        var worker: Task<Void, Never>?

        func cancel() {
            attempt?.cancel()
            worker?.cancel()
        }
    }

    let audio: StreamAudio
    var service: Service
    var isInputOpen = true
    /// The stream was closed or let go: nothing happens any more.
    var isClosed = false
    var isFallback = false
    var isDegraded = false

    var connection: StreamConnection?
    var isConnected = false
    /// When the current connection stood; nil before.
    var connectedAt: Duration?
    /// Connected in the background; takes over at the next flush.
    var isRecovered = false
    var sessionID: String?
    var work = Work()
    /// Where the transport waits for something to send.
    var waiter: UnsafeContinuation<Void, Never>?

    var request: Request?
    /// The local model's next prediction. One runs at a time, so at most one waits: the latest.
    var localWork: (audio: [Float], handle: PredictionHandle)?
    var isLocalBusy = false
    /// What changed and was not told yet, in order.
    var changes: [TurnEvent.ServiceChange] = []
    var isTelling = false
    var connectCount = 0
    var retryCount = 0
    var hasWarnedFallback = false
    var hasWarnedLocalFailure = false

    init(audio: StreamAudio, service: Service) {
        self.audio = audio
        self.service = service
    }

    /// Takes the request in flight out, so that its answer can be given outside the lock.
    mutating func takeRequest() -> Request? {
        defer { request = nil }
        if let request {
            request.limit?.cancel()
            audio.remove(requestID: request.handle.id)
        }
        return request
    }

    /// The local work to do next; without any the local model is free.
    mutating func nextLocalWork() -> (audio: [Float], handle: PredictionHandle)? {
        defer { localWork = nil }
        guard let localWork, request?.handle === localWork.handle else {
            isLocalBusy = false
            return nil
        }
        return localWork
    }

    /// The change to tell next, unless one is being told.
    mutating func nextChange() -> TurnEvent.ServiceChange? {
        guard !isTelling, !changes.isEmpty else { return nil }
        isTelling = true
        return changes.removeFirst()
    }

    /// Whether what is pushed goes to a service, now or when a connection stands.
    var isForService: Bool { service == .cloud }

    /// Whether a connection stands that audio and requests go to.
    var isSending: Bool { isConnected && !isRecovered }

    /// Takes the transport's task out, to wake it.
    mutating func takeWaiter() -> UnsafeContinuation<Void, Never>? {
        defer { waiter = nil }
        return waiter
    }

    /// The connection is over.
    mutating func detach() {
        connection = nil
        isConnected = false
        isRecovered = false
        sessionID = nil
        audio.want(false)
    }

    /// An id as the reference forms it.
    func makeRequestID() -> String {
        let hex = String(UInt64.random(in: 0..<1 << 48), radix: 16)
        let suffix = String(repeating: "0", count: 12 - hex.count) + hex
        return (sessionID.map { "\($0)_eot_" } ?? "turn_request_") + suffix
    }
}
