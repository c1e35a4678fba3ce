/// The decision whether a pause ends the turn ("bounce" in the reference).
extension TurnMachine {
    /// Starts a decision, which takes the place of one under way.
    mutating func decide(_ trigger: Trigger, _ now: Duration, _ actions: inout [Action]) {
        if trigger != .application {
            if bounce?.trigger == .application { return }
            if options.expectsTranscripts, transcripts.isEmpty { return cancelBounce(&actions) }
        }
        cancelBounce(&actions)
        bounce = Bounce(trigger: trigger, lastSpeaking: lastSpeaking)
        if trigger == .application {
            bounce?.reason = .manual
            return sleep(endpointing.delays.min, now, &actions)
        }
        guard let request else {
            if trigger == .transcript, isFlushed {
                actions.append(.warn(.lateTranscript(first: !warnedLateTranscript)))
                warnedLateTranscript = true
            }
            return sleep(endpointing.delays.min, now, &actions)
        }
        if let answer = request.answer {
            weigh(answer, now, &actions)
        } else {
            bounce?.phase = .awaitingAnswer
            actions.append(.setTimer(.decision, deadline: now + options.predictionTimeout))
        }
    }

    /// Takes an answer; one that nobody waits for is dropped.
    mutating func take(
        _ answer: EndOfTurnPrediction, of id: Int, _ now: Duration, _ actions: inout [Action]
    ) {
        guard request?.id == id, request?.answer == nil else { return }
        switch answer.outcome {
        case .superseded, .cancelled, .timedOut:
            // Called off behind our back: it decides nothing, so go on as if it had never been asked for.
            request = nil
            if bounce?.phase == .awaitingAnswer { sleep(endpointing.delays.min, now, &actions) }
        case .predicted, .failed, .closed:
            request?.answer = answer
            guard let bounce else { return }
            switch bounce.phase {
            case .awaitingAnswer: weigh(answer, now, &actions)
            case .sleeping: if bounce.reason == .timeout { weighAgain(answer, now, &actions) }
            }
        }
    }

    mutating func decisionTimerFired(_ now: Duration, _ actions: inout [Action]) {
        guard let bounce else { return }
        switch bounce.phase {
        case .awaitingAnswer:
            if let request { actions.append(.cancelPrediction(id: request.id, timedOut: true)) }
            request = nil
            actions.append(.warn(.predictionTimedOut))
            sleep(endpointing.delays.min, now, &actions)
        case .sleeping:
            endTurn(nil, now, &actions)
        }
    }

    mutating func cancelBounce(_ actions: inout [Action]) {
        guard bounce != nil else { return }
        bounce = nil
        actions.append(.cancelTimer(.decision))
        if options.rescoring != .off { actions.append(.cancelTimer(.rescoring)) }
    }

    /// Ends the open turn; `reason` is why, if it is not the decision under way that ends it.
    mutating func endTurn(
        _ reason: TurnEvent.TurnEnded.Reason?, _ now: Duration, _ actions: inout [Action]
    ) {
        let decision = bounce
        cancelBounce(&actions)
        let isForced = reason == .maxTurnDuration || decision?.trigger == .application
        if options.expectsTranscripts, transcripts.isEmpty, !isForced { return }

        let end = isSpeaking ? now : (decision?.lastSpeaking ?? lastSpeaking)
        let turn = TurnEvent.TurnEnded(
            time: now, speechStart: turnStart, speechEnd: end,
            probability: decision?.probability, reason: reason ?? decision?.reason ?? .noPrediction,
            transcript: options.expectsTranscripts ? transcripts.text : nil,
            transcriptConfidence: transcripts.confidence,
            timings: TurnTimings(
                startedSpeaking: turnStart, stoppedSpeaking: end,
                lastFinalTranscript: transcripts.lastFinal, now: now))
        transcripts = TurnTranscript()
        if lastSpeaking == decision?.lastSpeaking { lastSpeaking = nil }
        turnStart = nil
        if options.maxTurnDuration != nil { actions.append(.cancelTimer(.maxTurnDuration)) }
        actions.append(.flush(.turnCommitted))
        request = nil
        isFlushed = true
        actions.append(.emit(.turnEnded(turn)))
        if isSpeaking {
            openTurn(at: now, &actions)
            isFlushed = false
        }
    }

    /// Compares an answer with the threshold and waits for the delay that follows from it.
    private mutating func weigh(
        _ answer: EndOfTurnPrediction, _ now: Duration, _ actions: inout [Action]
    ) {
        let isUnfinished = compare(answer, now, &actions)
        sleep(isUnfinished ? endpointing.delays.max : endpointing.delays.min, now, &actions)
    }

    /// The answer to a later score of the same pause: the first that crosses the threshold ends the turn.
    private mutating func weighAgain(
        _ answer: EndOfTurnPrediction, _ now: Duration, _ actions: inout [Action]
    ) {
        guard answer.outcome == .predicted else { return rescore(now, &actions) }
        if compare(answer, now, &actions) {
            rescore(now, &actions)
        } else {
            actions.append(.cancelTimer(.rescoring))
            sleep(endpointing.delays.min, now, &actions)
        }
    }

    /// Notes in the decision what the answer means, reports it once, and tells whether the turn is unfinished.
    private mutating func compare(
        _ answer: EndOfTurnPrediction, _ now: Duration, _ actions: inout [Action]
    ) -> Bool {
        let table = answer.source == .local ? localThresholds ?? thresholds : thresholds
        guard let threshold = table.value(for: language) else { return false }
        let isPredicted = answer.outcome == .predicted
        let isUnfinished = isPredicted && answer.probability < Float(threshold)
        bounce?.reason = isUnfinished ? .timeout : isPredicted ? .model : .noPrediction
        bounce?.probability = isPredicted ? answer.probability : nil
        if let request, !request.isEmitted {
            self.request?.isEmitted = true
            report(answer, of: request, threshold, now, &actions)
        }
        return isUnfinished
    }

    private func report(
        _ answer: EndOfTurnPrediction, of request: Request, _ threshold: Double, _ now: Duration,
        _ actions: inout [Action]
    ) {
        let delay = bounce?.lastSpeaking.map { now - $0 } ?? .zero
        let made = TurnEvent.PredictionMade(
            time: request.time, prediction: answer, threshold: threshold, delay: delay)
        actions.append(.emit(.prediction(made)))
        guard let probability = answer.backchannelProbability,
            let backchannel = backchannelThresholds.value(for: language), backchannel > 0,
            probability >= Float(backchannel)
        else { return }
        let opportunity = TurnEvent.BackchannelOpportunity(
            time: now, probability: probability, threshold: backchannel,
            endOfTurnProbability: answer.probability, endOfTurnThreshold: threshold, language: language)
        actions.append(.emit(.backchannelOpportunity(opportunity)))
    }

    /// Waits until the delay after the last speech has passed; if it has already, the turn ends now.
    mutating func sleep(_ delay: Duration, _ now: Duration, _ actions: inout [Action]) {
        guard let bounce else { return }
        self.bounce?.phase = .sleeping
        let deadline = (bounce.lastSpeaking ?? now) + delay
        if deadline <= now { return endTurn(nil, now, &actions) }
        actions.append(.setTimer(.decision, deadline: deadline))
        rescore(now, &actions)
    }

    /// Has a pause that was judged unfinished scored again after the interval.
    private func rescore(_ now: Duration, _ actions: inout [Action]) {
        guard case .every(let interval) = options.rescoring, bounce?.reason == .timeout, let request
        else { return }
        actions.append(.setTimer(.rescoring, deadline: max(now, request.time + interval)))
    }
}
