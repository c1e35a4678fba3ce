import Dispatch
import Logging
import TurnCore

/// The stream's dealings with a service: attempts, answers, fallback and recovery.
extension StreamCore {
    /// How an attempt ended.
    private enum Ending {
        /// The stream was closed, or its input ended and was delivered.
        case finished
        /// The stream fell back meanwhile.
        case abandoned
        /// The connection failed; `lasted` if it had stood for a while.
        case failed(TransportError, lasted: Bool)
    }

    /// Starts the worker of a stream that uses a service.
    func start(_ transport: any TurnDetectionTransport) {
        let worker = Task { [self] in await serve(transport) }
        state.withLock { $0.work.worker = worker }
    }

    /// A service that asks for a longer wait (`Retry-After`) is tried again after this time all the same.
    private static let retryAfterLimit: Duration = .seconds(60)

    private func serve(_ transport: any TurnDetectionTransport) async {
        var retries = 0
        while !Task.isCancelled {
            var retryAfter = Duration.zero
            switch await attempt(transport) {
            case .finished: return
            case .abandoned: retries = 0
            case .failed(let error, let lasted):
                if lasted { retries = 0 }
                retryAfter = min(error.retryAfter ?? .zero, Self.retryAfterLimit)
                if usesService {
                    if error.isRetryable, retries < connectionOptions.maxRetry {
                        options.logger.warning("the service cannot be reached, trying again: \(error)")
                        await pause(beforeRetry: retries, atLeast: retryAfter)
                        retries += 1
                        state.withLock { $0.retryCount = retries }
                        continue
                    }
                    giveUp(Self.final(error, retries))
                }
                retries = 0
            }
            guard case .recover(let interval) = options.fallbackPolicy, hasFallback else { return }
            try? await options.clock.sleep(for: Self.spread(max(interval, retryAfter)))
        }
    }

    private var usesService: Bool { state.withLock { $0.service == .cloud } }

    private static func final(_ error: TransportError, _ retries: Int) -> TransportError {
        guard error.isRetryable, retries > 0 else { return error }
        return .connection("no connection after \(retries + 1) attempts", cause: error, retryable: false)
    }

    private func pause(beforeRetry retry: Int, atLeast retryAfter: Duration) async {
        let interval = max(connectionOptions.interval(beforeRetry: retry), retryAfter)
        // The first wait is exact unless the service chose it.
        let isExact = retry == 0 && retryAfter <= .zero
        try? await options.clock.sleep(for: isExact ? interval : Self.spread(interval))
    }

    /// Up to a quarter longer, so that the clients of a service do not come back all at once.
    private static func spread(_ interval: Duration) -> Duration { interval * Double.random(in: 1...1.25) }

    private func attempt(_ transport: any TurnDetectionTransport) async -> Ending {
        let connection = StreamConnection(
            core: self, sampleRate: options.sampleRate, options: connectionOptions)
        let run = state.withLock { state -> Task<Void, any Error>? in
            guard !state.isClosed, state.isInputOpen || !state.audio.outbound.isEmpty else { return nil }
            // It may have fallen back for good while it waited to try again.
            guard state.service == .cloud || options.fallbackPolicy != .sticky else { return nil }
            state.connection = connection
            state.connectedAt = nil
            let run = Task { try await transport.run(connection) }
            state.work.attempt = run
            return run
        }
        guard let run else { return .finished }
        let result = await withTaskCancellationHandler {
            await run.result
        } onCancel: {
            run.cancel()
        }
        // A handshake that took its whole time-out is no connection that lasted.
        let connectedAt = state.withLock { $0.connectedAt }
        return conclude(connection, result, lasted: connectedAt.map { options.clock.now - $0 } ?? .zero)
    }

    private func conclude(
        _ connection: StreamConnection, _ result: Result<Void, any Error>, lasted: Duration
    ) -> Ending {
        let (ending, request, audio, waiter) = state.withLock {
            state -> (Ending?, StreamState.Request?, [Float]?, UnsafeContinuation<Void, Never>?) in
            let isCurrent = state.connection === connection
            if isCurrent { state.detach() }
            let waiter = state.takeWaiter()
            if state.isClosed { return (.finished, nil, nil, waiter) }
            if case .success = result, !state.isInputOpen { return (.finished, nil, nil, waiter) }
            guard isCurrent else { return (.abandoned, nil, nil, waiter) }
            guard let request = state.request, request.route == .cloud else { return (nil, nil, nil, waiter) }
            let audio = takeOver(&state)
            return (nil, request, audio, waiter)
        }
        waiter?.resume()
        if let ending { return ending }
        if let request { answerInstead(request, audio, "the connection was lost") }
        // A second at least: a service that drops everybody at once is not tried again and again without a pause.
        return .failed(
            Self.failure(result), lasted: lasted > max(connectionOptions.retryInterval, .seconds(1)))
    }

    private static func failure(_ result: Result<Void, any Error>) -> TransportError {
        switch result {
        case .success: .connection("the service ended the session")
        case .failure(let error as TransportError): error
        case .failure(let error): .connection(cause: error, retryable: false)
        }
    }

    /// The request in flight loses its service: the local model gets it, if it may. Else it is taken out.
    private func takeOver(_ state: inout StreamState) -> [Float]? {
        guard let request = state.request, request.route == .cloud else { return nil }
        request.limit?.cancel()
        state.audio.remove(requestID: request.handle.id)
        guard hasFallback else {
            state.request = nil
            return nil
        }
        state.request?.route = .local
        return state.audio.window(lookback: request.lookback, endingAt: request.position)
    }

    private func answerInstead(_ request: StreamState.Request, _ audio: [Float]?, _ failure: String) {
        if let audio {
            predictLocally(audio, request.handle)
        } else {
            request.handle.resolve(.unanswered(.failed, source: .cloud, failure: failure))
        }
    }

    private func giveUp(_ error: TransportError) {
        if hasFallback { fallBack(error.description) } else { degrade(error.description) }
    }

    /// The local model answers from now on. Once, until the service comes back.
    func fallBack(_ reason: String) {
        let action = state.withLock {
            state -> (
                StreamState.Request?, [Float]?, StreamState.Work, Bool, UnsafeContinuation<Void, Never>?
            )? in
            guard state.service == .cloud, !state.isClosed else { return nil }
            let request = state.request?.route == .cloud ? state.request : nil
            let audio = takeOver(&state)
            state.service = .local
            state.isFallback = true
            state.detach()
            state.audio.dropOutbound()
            detector.serviceLost()
            state.changes.append(.fellBack(reason))
            defer { state.hasWarnedFallback = true }
            return (request, audio, state.work, !state.hasWarnedFallback, state.takeWaiter())
        }
        guard let (request, audio, work, warns, waiter) = action else { return }
        if warns {
            options.logger.warning("falling back to \(detector.localModel.name) on this device: \(reason)")
        }
        waiter?.resume()
        // Where it stays there is nothing to try again.
        if options.fallbackPolicy == .sticky { work.cancel() } else { work.attempt?.cancel() }
        if let request { answerInstead(request, audio, reason) }
        tellChanges()
        checkLocalModel()
    }

    /// A local model that cannot be loaded degrades the stream (S-09).
    private func checkLocalModel() {
        Self.inference.async { [self] in
            do throws(TurnError) { _ = try detector.local.get() } catch { degrade(error.message) }
        }
    }

    /// Nobody answers any more: requests resolve at once, audio is dropped.
    private func degrade(_ reason: String) {
        let (request, isFirst) = state.withLock { state -> (StreamState.Request?, Bool) in
            guard !state.isDegraded, !state.isClosed else { return (nil, false) }
            state.isDegraded = true
            state.isInputOpen = false
            inbox.close()
            state.isFallback = false
            let request = state.takeRequest()
            state.audio.dropOutbound()
            state.changes.append(.degraded(reason))
            return (request, true)
        }
        guard isFirst else { return }
        options.logger.warning("no end of turn is predicted any more: \(reason)")
        request?.handle.resolve(.unanswered(.failed, source: request?.source ?? .cloud, failure: reason))
        tellChanges()
    }
}

/// What a transport calls.
extension StreamCore {
    func connected(_ connection: StreamConnection, sessionID: String?) {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            guard state.connection === connection else { return nil }
            state.isConnected = true
            state.connectedAt = options.clock.now
            state.sessionID = sessionID
            state.connectCount += 1
            state.retryCount = 0
            state.isRecovered = state.service == .local
            state.audio.want(state.isSending)
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    func nextCommand(_ connection: StreamConnection) async -> TransportCommand? {
        await withTaskCancellationHandler {
            while true {
                let (isOver, command) = state.withLock { state -> (Bool, TransportCommand?) in
                    guard state.connection === connection, !Task.isCancelled else { return (true, nil) }
                    guard state.isSending else { return (false, nil) }
                    state.audio.receive(toService: state.isForService)
                    return (false, state.audio.popFirst())
                }
                if isOver { return nil }
                if let command { return command }
                await wait(connection)
            }
        } onCancel: {
            state.withLock { $0.takeWaiter() }?.resume()
        }
    }

    /// Returns when there may be something to send, or the connection is over.
    private func wait(_ connection: StreamConnection) async {
        await withUnsafeContinuation { continuation in
            let resumed = state.withLock { state -> UnsafeContinuation<Void, Never>? in
                let isIdle = !state.isSending || state.audio.outbound.isEmpty
                guard state.connection === connection, !Task.isCancelled, isIdle else { return continuation }
                defer { state.waiter = continuation }
                return state.waiter
            }
            resumed?.resume()
        }
    }

    func adopt(_ defaults: ServerThresholds, _ connection: StreamConnection) throws(TransportError) {
        guard state.withLock({ $0.connection === connection }) else { return }
        try detector.adopt(defaults)
    }

    func take(_ answer: TransportAnswer, _ connection: StreamConnection) {
        let request = state.withLock { state -> StreamState.Request? in
            guard state.connection === connection, let request = state.request, request.route == .cloud,
                request.handle.id == answer.requestID
            else { return nil }
            return state.takeRequest()
        }
        guard let request else { return }
        guard answer.probability.isFinite else {
            request.handle.resolve(
                .unanswered(.failed, source: .cloud, failure: "the service answered no number"))
            return
        }
        let prediction = EndOfTurnPrediction(
            probability: answer.probability, backchannelProbability: answer.backchannelProbability,
            model: TurnDetectorVersion.v1.modelName, source: .cloud,
            inferenceDuration: answer.inferenceDuration,
            detectionDelay: answer.detectionDelay)
        request.handle.resolve(prediction)
        detector.report(prediction, total: answer.totalDuration)
    }
}

/// The end of a stream.
extension StreamCore {
    /// Tells the service, waits for it a second at most (S-24), and ends everything.
    func close() async {
        endInput()
        let worker = state.withLock { state -> Task<Void, Never>? in
            let waits = state.isConnected && state.service == .cloud
            return waits ? state.work.worker : nil
        }
        if let worker { await end(of: worker) }
        abandon()
    }

    /// Returns when the task has ended or its time has passed; a transport that ignores its cancellation holds up
    /// nobody.
    private func end(of worker: Task<Void, Never>) async {
        let gate = Gate()
        let limit = detector.closingLimits.start { gate.open() }
        Task {
            await worker.value
            gate.open()
        }
        await gate.wait()
        limit.cancel()
    }

    /// Ends everything at once.
    func abandon() {
        let (request, work, waiter) = state.withLock { state in
            state.isInputOpen = false
            inbox.close()
            state.isClosed = true
            state.detach()
            return (state.takeRequest(), state.work, state.takeWaiter())
        }
        request?.handle.resolve(.unanswered(.cancelled, source: request?.source ?? .local))
        waiter?.resume()
        work.cancel()
    }
}
