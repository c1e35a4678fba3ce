import TurnCore

/// Prints a session's events as they come, straight from the session's task, so that none is lost and a reader of the
/// output that is slow holds the session up. Draws the progress and gathers the plot besides.
final class DetectionReporter: Sendable {
    private struct State {
        var printer: EventPrinter
        var progress: ProgressBar
        let recorder: PlotRecorder?
        var failure: (any Error)?
    }

    /// Its holders take turns at the output; nobody else waits for it.
    private let state: Lock<State>
    private let isPlotting: Bool

    /// - Parameters:
    ///   - printer: prints the events.
    ///   - name: what the progress bar says.
    ///   - showsProgress: whether there is a progress bar.
    ///   - isPlotting: whether a plot will be asked for.
    init(_ printer: EventPrinter, name: String, showsProgress: Bool, isPlotting: Bool) {
        self.isPlotting = isPlotting
        state = Lock(
            State(
                printer: printer, progress: ProgressBar(name, isEnabled: showsProgress),
                recorder: isPlotting ? PlotRecorder() : nil))
    }

    /// Takes the next event. Printing that fails shows in ``check()``.
    func add(_ event: TurnEvent) {
        state.withLock { state in
            guard state.failure == nil else { return }
            state.progress.clear()
            state.recorder?.add(event)
            do { try state.printer.print(event) } catch { state.failure = error }
        }
    }

    /// Takes the next window of voice activity.
    func add(_ event: VoiceActivityEvent) {
        if isPlotting { state.withLock { $0.recorder?.add(event) } }
    }

    /// Takes the next piece of audio.
    ///
    /// - Parameters:
    ///   - frame: the audio.
    ///   - fraction: of the recording that is done then; nil if unknown.
    /// - Throws: what printing threw, and ``TurnError`` for a frame of another format.
    func add(_ frame: AudioFrame, fraction: Double?) throws {
        try check()
        let result = state.withLock { state in
            if let fraction { state.progress.update(fraction) }
            return Result { try state.recorder?.add(frame) }
        }
        try result.get()
    }

    /// - Throws: what printing threw.
    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Ends the recording.
    ///
    /// - Parameter summary: its last line.
    /// - Returns: the printer, for the next recording.
    /// - Throws: what printing throws.
    func finish(_ summary: EventPrinter.Summary) throws -> EventPrinter {
        try check()
        let result = state.withLock { state in
            state.progress.clear()
            return Result {
                try state.printer.print(summary)
                return state.printer
            }
        }
        return try result.get()
    }

    /// The picture of the recording; nil unless it is plotting.
    ///
    /// - Parameters:
    ///   - title: what it is called.
    ///   - duration: the recording's length.
    ///   - windowSampleCount: samples at 16 kHz behind each probability of speech.
    /// - Returns: SVG.
    func svg(title: String, duration: Duration, windowSampleCount: Int) -> String? {
        state.withLock { state in
            state.recorder?.svg(title: title, duration: duration, windowSampleCount: windowSampleCount)
        }
    }
}
