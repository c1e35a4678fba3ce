import TurnCore

/// The deadlines that a ``TurnMachine`` has set, at most one a timer.
struct TurnTimers {
    private var deadlines = [Duration?](repeating: nil, count: TurnMachine.Timer.allCases.count)

    /// The earliest of them.
    var next: (timer: TurnMachine.Timer, deadline: Duration)? {
        var first: (timer: TurnMachine.Timer, deadline: Duration)?
        for timer in TurnMachine.Timer.allCases {
            guard let deadline = deadlines[timer.rawValue] else { continue }
            if first.map({ deadline < $0.deadline }) ?? true { first = (timer, deadline) }
        }
        return first
    }

    /// The deadline of a timer that runs.
    subscript(timer: TurnMachine.Timer) -> Duration? { deadlines[timer.rawValue] }

    mutating func set(_ timer: TurnMachine.Timer, _ deadline: Duration) {
        deadlines[timer.rawValue] = deadline
    }

    mutating func cancel(_ timer: TurnMachine.Timer) { deadlines[timer.rawValue] = nil }

    /// Takes out the earliest one that is due.
    mutating func popFirst(until now: Duration) -> (timer: TurnMachine.Timer, deadline: Duration)? {
        guard let next, next.deadline <= now else { return nil }
        cancel(next.timer)
        return next
    }
}
