import TurnCore

/// When each session opens, where in which recording it begins, and in which tick of a frame it sends.
///
/// All of it follows from the session's number, so that two runs put the same load on a gateway.
package struct LoadSchedule: Sendable {
    /// Timers fire this often; the sessions of an event loop are spread over the ticks of a frame.
    package static let tick = Duration.milliseconds(5)

    let sessionCount: Int
    let startUp: Duration
    /// Ticks in a frame.
    package let laneCount: Int

    package init(_ options: LoadOptions) {
        sessionCount = options.sessionCount
        startUp = options.startUp
        laneCount = Int((options.frameDuration / Self.tick).rounded())
    }

    /// When session `index` opens, after the run's start.
    package func opening(of index: Int) -> Duration { startUp * index / sessionCount }

    /// The tick of a frame in which session `index` sends.
    package func lane(of index: Int) -> Int { index % laneCount }

    /// Where a session begins in its recording. Openings are spread evenly however many there are: multiples of the
    /// golden ratio leave no gap and no heap. `opening` counts all openings of a run, those that replace a session too.
    package func firstFrame(ofOpening opening: Int, frameCount: Int) -> Int {
        Int((Double(opening) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1) * Double(frameCount))
    }

    /// How long a session lives when sessions come and go: between 0.8 and 1.2 of `duration`.
    package func life(ofOpening opening: Int, around duration: Duration) -> Duration {
        let part = (Double(opening) * 0.754_877_666_246_693).truncatingRemainder(dividingBy: 1)
        return duration * (0.8 + 0.4 * part)
    }
}
