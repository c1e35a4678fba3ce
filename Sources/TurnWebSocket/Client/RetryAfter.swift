import Foundation

/// The value of a `Retry-After` header (RFC 9110 section 10.2.3).
enum RetryAfter {
    /// A day; what asks for more means no less.
    private static let limit = Duration.seconds(86_400)

    /// How long to wait.
    ///
    /// - Parameters:
    ///   - text: seconds, or a date in one of the three forms of RFC 9110 section 5.6.7.
    ///   - now: the time since the Unix epoch.
    /// - Returns: zero for a date that has passed, at most a day; nil for what is none of these.
    static func wait(_ text: String, now: Duration) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More digits than fit are a long time too.
            return min(.seconds(Int(text) ?? 86_400), limit)
        }
        return date(text, now: now).map { min(max($0 - now, .zero), limit) }
    }

    /// The time since the Unix epoch of a date.
    private static func date(_ text: String, now: Duration) -> Duration? {
        if let match = text.wholeMatch(
            of: #/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (\w{3}) ([0-9]{4}) ([0-9:]{8}) GMT/#)
        {
            return time(year: Int(match.3), match.2, match.1, match.4)
        }
        // As RFC 850 has it, with a year of two digits.
        if let match = text.wholeMatch(
            of: #/(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ([0-9]{2})-(\w{3})-([0-9]{2}) ([0-9:]{8}) GMT/#)
        {
            return time(year: Int(match.3).map { full($0, now: now) }, match.2, match.1, match.4)
        }
        // As C's asctime() has it.
        if let match = text.wholeMatch(
            of: #/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\w{3}) ([0-9 ][0-9]) ([0-9:]{8}) ([0-9]{4})/#)
        {
            return time(year: Int(match.4), match.1, match.2, match.3)
        }
        return nil
    }

    /// The year that ends in two digits and is at most 50 years ahead.
    private static func full(_ digits: Int, now: Duration) -> Int {
        let thisYear = utc.component(
            .year, from: Date(timeIntervalSince1970: Double(now.components.seconds)))
        let ahead = (100 + digits - thisYear % 100) % 100
        return thisYear + (ahead > 50 ? ahead - 100 : ahead)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static var utc: Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }

    private static func time(year: Int?, _ month: Substring, _ day: Substring, _ clock: Substring)
        -> Duration?
    {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard let year, let month = months.firstIndex(of: String(month)),
            let day = Int(day.filter { $0 != " " }), parts.count == 3, parts.allSatisfy({ $0.count == 2 }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), let second = Int(parts[2]), second <= 60
        else { return nil }
        // A leap second is as good as the one before.
        let date = DateComponents(
            calendar: utc, year: year, month: month + 1, day: day, hour: hour, minute: minute,
            second: min(second, 59))
        guard date.isValidDate, let time = date.date?.timeIntervalSince1970 else { return nil }
        return .seconds(time)
    }
}
