import Dispatch
import Logging
import TurnCore

/// What a ``TurnDetectorStream`` does: requests, audio and state. Its worker is in `StreamCore+Service.swift`.
final class StreamCore: Sendable {
    /// Audio that flows is sent in pieces of about this length.
    static let sendInterval: Duration = .milliseconds(20)
    /// Audio that flows and goes nowhere yet is resampled in pieces of about this length.
    static let receiveInterval: Duration = .milliseconds(100)
    /// Where audio is resampled while it flows: neither the thread that pushes nor those of Swift concurrency.
    private static let looks = DispatchQueue(label: "turn-detection.audio", attributes: .concurrent)
    /// Where local models run: off the threads of Swift concurrency, which must not be held up.
    static let inference = DispatchQueue(label: "turn-detection.inference", attributes: .concurrent)

    let detector: TurnDetector
    let connectionOptions: ConnectionOptions
    let onChange: (@Sendable (TurnEvent.ServiceChange) -> Void)?
    let state: Lock<StreamState>
    /// Its lock may be taken while that of the state is held, not the other way round.
    let inbox: StreamInbox

    var options: TurnDetectorOptions { detector.options }
    var hasFallback: Bool { options.localFallback }

    /// - Throws: ``TurnError`` for a sample rate that is not supported.
    init(
        detector: TurnDetector, service: StreamState.Service, connectionOptions: ConnectionOptions,
        onChange: (@Sendable (TurnEvent.ServiceChange) -> Void)?
    ) throws(TurnError) {
        self.detector = detector
        self.connectionOptions = connectionOptions
        self.onChange = onChange
        let usesLocal = service == .local || detector.options.localFallback
        let window = usesLocal ? detector.localModel.windowSampleCount : nil
        inbox = StreamInbox(
            capacity: max(StreamAudio.queueDuration, .samples(window ?? 0) + Self.receiveInterval))
        let audio = try StreamAudio(
            inbox, windowSampleCount: window, sampleRate: detector.options.sampleRate)
        state = Lock(StreamState(audio: audio, service: service))
    }

    func push(_ frame: AudioFrame) {
        do throws(TurnError) {
            switch try inbox.push(frame) {
            case .none: break
            case .first: Self.looks.async { [weak self] in self?.look(after: .zero) }
            case .extra: Self.looks.async { [weak self] in self?.receive() }
            }
        } catch {
            options.logger.error("audio was dropped: \(error)")
        }
    }

    /// Looks for audio, and sees to it that looks go on while it flows.
    private func look(after interval: Duration) {
        let goesOn = inbox.look(after: interval)
        receive()
        guard goesOn else { return }
        let next = state.withLock { $0.isSending } ? Self.sendInterval : Self.receiveInterval
        Self.looks.asyncAfter(deadline: .now() + next.seconds) { [weak self] in self?.look(after: next) }
    }

    /// Takes in what was pushed, and tells the transport if there is something to send.
    private func receive() {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            state.audio.receive(toService: state.isForService)
            return state.isSending && !state.audio.outbound.isEmpty ? state.takeWaiter() : nil
        }
        waiter?.resume()
    }

    func predict(lookback: Duration?) -> PredictionHandle {
        var superseded: StreamState.Request?
        var waiter: UnsafeContinuation<Void, Never>?
        var localAudio: [Float]?
        let handle = state.withLock { state -> PredictionHandle in
            let handle = PredictionHandle(id: state.makeRequestID())
            guard state.isInputOpen else {
                handle.resolve(.unanswered(.closed, source: state.service == .cloud ? .cloud : .local))
                return handle
            }
            state.audio.receive(toService: state.isForService)
            superseded = state.request
            superseded?.limit?.cancel()
            // While no connection stands the local model answers, if it may; else the request waits for it (S-03, S-04).
            let isLocal = state.service == .local || (!state.isConnected && hasFallback)
            var request = StreamState.Request(
                handle: handle, route: isLocal ? .local : .cloud,
                lookback: lookback.map { min(max($0, .zero), .longestOption).sampleCount },
                position: state.audio.position, time: options.clock.now)
            if isLocal {
                localAudio = state.audio.window(lookback: request.lookback, endingAt: request.position)
            } else {
                state.audio.append(.predict(handle.id))
                request.limit = detector.predictionLimits.start { [weak self] in self?.expire(handle) }
                if state.isConnected { waiter = state.takeWaiter() }
            }
            state.request = request
            return handle
        }
        superseded?.handle.resolve(.unanswered(.superseded, source: superseded?.source ?? .local))
        waiter?.resume()
        if let localAudio { predictLocally(localAudio, handle) }
        return handle
    }

    /// Calls the request in flight off; with `serviceOnly`, unless the local model was asked.
    func cancel(timedOut: Bool, serviceOnly: Bool = false) {
        let (request, falls) = state.withLock { state -> (StreamState.Request?, Bool) in
            if serviceOnly, state.request?.route != .cloud { return (nil, false) }
            let request = state.takeRequest()
            // A local answer that is late says nothing about the service.
            let falls = timedOut && state.service == .cloud && request?.route != .local
            return (request, falls)
        }
        request?.handle.resolve(
            .unanswered(timedOut ? .timedOut : .cancelled, source: request?.source ?? .local))
        if falls, hasFallback { fallBack("no answer came in time") }
    }

    func flush() {
        var recovered = false
        let (request, waiter) = state.withLock { state in
            guard state.isInputOpen else {
                return (nil as StreamState.Request?, nil as UnsafeContinuation<Void, Never>?)
            }
            state.audio.receive(toService: state.isForService)
            if state.isRecovered {
                state.isRecovered = false
                state.audio.want(true)
                state.service = .cloud
                state.isFallback = false
                detector.serviceRecovered()
                state.changes.append(.recovered)
                recovered = true
            }
            let request = state.takeRequest()
            state.audio.flush(toService: state.isForService)
            return (request, state.isConnected ? state.takeWaiter() : nil)
        }
        request?.handle.resolve(.unanswered(.cancelled, source: request?.source ?? .local))
        if recovered {
            options.logger.notice("the service answers again")
            tellChanges()
        }
        waiter?.resume()
    }

    func endInput() {
        flush()
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            guard state.isInputOpen else { return nil }
            state.isInputOpen = false
            inbox.close()
            state.audio.receive(toService: state.isForService)
            if state.isForService { state.audio.append(.end) }
            return state.isConnected ? state.takeWaiter() : nil
        }
        waiter?.resume()
    }

    /// Runs the local model for a request, when it is free; who asks need not wait.
    func predictLocally(_ audio: [Float], _ handle: PredictionHandle) {
        let starts = state.withLock { state in
            guard state.request?.handle === handle else { return false }
            state.localWork = (audio, handle)
            defer { state.isLocalBusy = true }
            return !state.isLocalBusy
        }
        if starts { Self.inference.async { [self] in workLocally() } }
    }

    /// Until nothing is asked of the local model any more.
    private func workLocally() {
        while let (audio, handle) = state.withLock({ $0.nextLocalWork() }) {
            do throws(TurnError) {
                let model = try detector.local.get()
                let prediction = EndOfTurnPrediction(try model.predict(audio), model: model.name)
                guard prediction.probability.isFinite else {
                    throw TurnError(.inference, "\(model.name) answered no number; use another model file")
                }
                answerLocally(prediction, handle)
            } catch {
                localFailure(error, handle)
            }
        }
    }

    private func answerLocally(_ prediction: EndOfTurnPrediction, _ handle: PredictionHandle) {
        let asked = state.withLock { state -> Duration? in
            guard let request = state.request, request.handle === handle else { return nil }
            state.request = nil
            return request.time
        }
        guard let asked else { return }
        handle.resolve(prediction)
        detector.report(prediction, total: options.clock.now - asked)
    }

    /// The prediction alone fails; the stream goes on with live audio (S-08).
    private func localFailure(_ error: TurnError, _ handle: PredictionHandle) {
        let isFirst = state.withLock { state in
            if state.request?.handle === handle { state.request = nil }
            defer { state.hasWarnedLocalFailure = true }
            return !state.hasWarnedLocalFailure
        }
        if isFirst { options.logger.warning("the local model failed: \(error)") }
        handle.resolve(.unanswered(.failed, failure: error.message))
    }

    /// Tells changes in the order in which they happened, whichever thread comes.
    func tellChanges() {
        while let change = state.withLock({ $0.nextChange() }) {
            onChange?(change)
            state.withLock { $0.isTelling = false }
        }
    }

    private func expire(_ handle: PredictionHandle) {
        state.withLock { state in
            guard state.request?.handle === handle else { return }
            state.audio.remove(requestID: handle.id)
            state.request = nil
        }
        handle.resolve(.unanswered(.timedOut, source: .cloud))
    }
}

extension StreamState.Request {
    /// Where an answer would have come from.
    var source: PredictionSource { route == .cloud ? .cloud : .local }
}
