/// An error of this library: what happened, and what to do about it.
///
/// The set of codes can grow without breaking callers, so match the ones you know and treat the rest alike.
public struct TurnError: Error, Sendable, CustomStringConvertible {
    /// The kind of a failure; a short, bounded text that also serves as a metric label.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// An argument or option value is outside its documented range.
        public static let invalidArgument = Code(rawValue: "invalid_argument")
        /// Bytes that were offered as audio are not audio that can be read.
        public static let invalidAudio = Code(rawValue: "invalid_audio")
        /// Bytes that were offered as a model are not a model of the expected architecture.
        public static let invalidModel = Code(rawValue: "invalid_model")
        /// A model file is not installed.
        public static let modelMissing = Code(rawValue: "model_missing")
        /// A file is missing.
        public static let fileMissing = Code(rawValue: "file_missing")
        /// The operating system refused to read or write.
        public static let inputOutput = Code(rawValue: "input_output")
        /// A model failed to compute an answer.
        public static let inference = Code(rawValue: "inference")
        /// The object was closed before.
        public static let closed = Code(rawValue: "closed")
    }

    public let code: Code
    /// One line: what happened; what to do.
    public let message: String
    /// The error behind this one, if there is one.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
