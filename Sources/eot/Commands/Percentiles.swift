/// Median and tail of measured times, by the nearest rank.
struct Percentiles {
    let median: Duration
    let p90: Duration
    let p99: Duration

    /// - Parameter times: one at least, in any order.
    init(_ times: [Duration]) {
        precondition(!times.isEmpty, "there is no percentile of nothing")
        let sorted = times.sorted()
        func rank(_ percent: Int) -> Duration { sorted[max(0, (sorted.count * percent + 99) / 100 - 1)] }
        median = rank(50)
        p90 = rank(90)
        p99 = rank(99)
    }

    /// The three in a unit of which `scale` make a second.
    func json(perSecond scale: Double) -> JSONValue {
        .object([
            (key: "median", value: .rounded(median.inSeconds * scale, places: 3)),
            (key: "p90", value: .rounded(p90.inSeconds * scale, places: 3)),
            (key: "p99", value: .rounded(p99.inSeconds * scale, places: 3)),
        ])
    }
}
