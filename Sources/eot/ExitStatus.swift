import ArgumentParser
import TurnCore
import TurnEvaluation

/// The command's exit statuses, those of BSD's sysexits.
enum ExitStatus: Int32 {
    /// All went well.
    case done = 0
    /// `load` alone: a prediction was lost, or a session failed.
    case unmet = 1
    /// Wrong usage: an unknown option, a missing argument.
    case usage = 64
    /// The data is bad: not audio, not a model, not predictions.
    case data = 65
    /// An input is missing.
    case missingInput = 66
    /// A service cannot be reached.
    case unavailable = 69
    /// Our own fault.
    case software = 70
    /// The operating system refused to read or write.
    case inputOutput = 74
    /// Not allowed: credentials.
    case notAllowed = 77
    /// Configuration: a model that is not installed, a bad option value.
    case configuration = 78

    /// The status that an error's code stands for; a code that is not listed is our own fault.
    init(_ code: TurnError.Code) {
        switch code {
        case .invalidArgument, .modelMissing: self = .configuration
        case .invalidAudio, .invalidModel, .invalidPredictions: self = .data
        case .fileMissing: self = .missingInput
        case .inputOutput: self = .inputOutput
        default: self = .software
        }
    }
}

/// How a failed command ends: a status and one line on standard error.
struct Failure {
    let status: ExitStatus
    /// `what; what to do`, on one line; empty when there is nothing to say.
    let message: String

    /// What a command threw while it ran.
    init(_ error: any Error) {
        switch error {
        case let error as TurnError:
            self.init(ExitStatus(error.code), error.message)
        case is OutputClosed:
            // Whoever read the results has seen enough, as in `eot detect FILE | head -n 1`.
            self.init(.done, "")
        case let error as LoadFailed:
            self.init(error.status, error.message)
        case let error as ValidationError:
            self.init(.usage, error.message)
        default:
            self.init(
                .software, "unexpected error: \(error); please report it with the command that led here")
        }
    }

    /// What the arguments' parser found wrong.
    ///
    /// - Parameters:
    ///   - parserMessage: the parser's words.
    ///   - command: the command's full name, whose help to point at.
    init(parserMessage: String, command: String) {
        // The parser's errors are not public; its words for a value that cannot be read always begin like this.
        let isBadValue = parserMessage.hasPrefix("The value '")
        let advice = parserMessage.contains("; ") ? "" : "; see `\(command) --help`"
        self.init(isBadValue ? .configuration : .usage, parserMessage + advice)
    }

    private init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = OneLine.text(message)
    }
}

/// Text from outside (file names, bytes of a file) made fit for one line.
enum OneLine {
    /// `text` with each run of white space and control characters as one space, and a bounded length.
    static func text(_ text: String, limit: Int = 1_000) -> String {
        var line = ""
        var isAfterSpace = true
        for scalar in text.unicodeScalars.prefix(limit) {
            let isSpace = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            if !isSpace {
                line.unicodeScalars.append(scalar)
            } else if !isAfterSpace {
                line.append(" ")
            }
            isAfterSpace = isSpace
        }
        return line
    }
}
