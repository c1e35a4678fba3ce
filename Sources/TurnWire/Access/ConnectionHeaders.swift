import TurnCore

/// The HTTP headers of a connection to the gateway, made anew for every attempt. They print without their values.
public struct ConnectionHeaders: Sendable, CustomStringConvertible {
    /// What a hosting platform tells about the job a process runs. Empty texts count as absent. It prints without the
    /// worker token and without further headers' values.
    public struct Job: Sendable, Hashable, CustomStringConvertible {
        public var roomID: String
        public var jobID: String
        /// The session id of the local participant; empty while no room is connected.
        public var agentID: String
        public var workerToken: String
        /// Further headers; they replace those of the same name, except the session id.
        public var headers: [String: String]

        public init(
            roomID: String = "", jobID: String = "", agentID: String = "", workerToken: String = "",
            headers: [String: String] = [:]
        ) {
            self.roomID = roomID
            self.jobID = jobID
            self.agentID = agentID
            self.workerToken = workerToken
            self.headers = headers
        }

        public var description: String {
            "Job(room \(roomID), job \(jobID), agent \(agentID), headers \(headers.keys.sorted()))"
        }
    }

    /// Names and values, in order, without any repeat. Holds secrets: not for logs.
    public let fields: [(name: String, value: String)]
    /// `inference_` and 12 hex digits, fresh with each value of this type; nil outside a job.
    public let sessionID: String?

    /// - Parameters:
    ///   - userAgent: `User-Agent`.
    ///   - accessToken: the token of ``AccessToken``.
    ///   - job: nil outside a job.
    ///   - generator: where the session id comes from.
    /// - Throws: ``TurnError`` `.invalidArgument` when a name or value could not stand in an HTTP header.
    public init(
        userAgent: String = ConnectionHeaders.defaultUserAgent, accessToken: String, job: Job? = nil,
        using generator: inout some RandomNumberGenerator
    ) throws(TurnError) {
        var fields: [(name: String, value: String)] = [
            ("User-Agent", userAgent), ("Authorization", "Bearer \(accessToken)"),
        ]
        func set(_ name: String, _ value: String) {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            fields.append((name, value))
        }
        if let job {
            let known = [
                ("X-LiveKit-Room-ID", job.roomID), ("X-LiveKit-Job-ID", job.jobID),
                ("X-LiveKit-Agent-ID", job.agentID), ("X-LiveKit-Worker-Token", job.workerToken),
            ]
            for (name, value) in known where !value.isEmpty { set(name, value) }
            for (name, value) in job.headers.sorted(by: { $0.key < $1.key }) { set(name, value) }
            let id = "inference_" + Self.hexDigits(12, using: &generator)
            set("X-LiveKit-Session-ID", id)
            sessionID = id
        } else {
            sessionID = nil
        }
        for field in fields {
            guard Self.isToken(field.name), field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw TurnError(
                    .invalidArgument,
                    "a connection header holds characters that HTTP does not allow; check the job's headers")
            }
        }
        self.fields = fields
    }

    public var description: String { "ConnectionHeaders(\(fields.map(\.name).joined(separator: ", ")))" }

    /// This library's name and version.
    public static let defaultUserAgent = "swift-end-of-turn/0.1.0 (swift)"

    /// `count` lowercase hexadecimal digits.
    public static func hexDigits(_ count: Int, using generator: inout some RandomNumberGenerator) -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<count).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
