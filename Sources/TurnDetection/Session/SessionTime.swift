import TurnCore

/// A session's time: the audio's own, plus the stalls in which audio failed to come and time went on without it.
///
/// It never runs backwards. Between two windows it follows the clock.
struct SessionTime {
    /// Less than this, audio is late, not missing.
    static let tolerance: Duration = .milliseconds(250)

    private(set) var last: Duration = .zero
    private let clock: TurnClock
    private var anchor: (session: Duration, clock: Duration)
    private var stalls: Duration = .zero

    init(clock: TurnClock) {
        self.clock = clock
        anchor = (.zero, clock.now)
    }

    /// The end of a window, by the length of the audio so far.
    mutating func window(endingAt audio: Duration) -> Duration {
        if last - (audio + stalls) > Self.tolerance { stalls = last - audio }
        last = max(last, audio + stalls)
        anchor = (last, clock.now)
        return last
    }

    /// Where audio that ended at a session's time lies in the audio.
    func audio(at session: Duration) -> Duration { session - stalls }

    /// Now, for what does not come with audio.
    mutating func now() -> Duration {
        last = max(last, anchor.session + (clock.now - anchor.clock))
        return last
    }

    /// The time of a deadline that has passed.
    mutating func pass(_ deadline: Duration) -> Duration {
        last = max(last, deadline)
        return last
    }

    /// When the clock reaches a moment of the session.
    func clockTime(of session: Duration) -> Duration { anchor.clock + (session - anchor.session) }
}
