import NIOConcurrencyHelpers
public import TurnCore

/// The API keys that open a gateway, and their secrets. Can be replaced while the gateway runs.
public final class GatewayKeys: Sendable {
    private let secrets: NIOLockedValueBox<[String: String]>

    /// - Parameter secrets: by key.
    /// - Throws: ``TurnError`` `.invalidArgument` when there is none, or an empty key or secret.
    public init(_ secrets: [String: String]) throws(TurnError) {
        try Self.check(secrets)
        self.secrets = NIOLockedValueBox(secrets)
    }

    /// Replaces all keys. Sessions that are open stay so.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` as the initialiser; the keys stay as they were then.
    public func replace(_ secrets: [String: String]) throws(TurnError) {
        try Self.check(secrets)
        self.secrets.withLockedValue { $0 = secrets }
    }

    /// Reads the text of a key file: lines `key: secret`; empty ones and those that begin with `#` do not count.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` naming the line; never what stands in it.
    public static func secrets(ofFile text: String) throws(TurnError) -> [String: String] {
        var secrets: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let line = trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let colon = line.firstIndex(of: ":") else {
                throw TurnError(
                    .invalidArgument, "line \(index + 1) of the key file has no colon; write `key: secret`")
            }
            let key = String(trimmed(line[..<colon]))
            let secret = String(trimmed(line[line.index(after: colon)...]))
            guard !key.isEmpty, !secret.isEmpty else {
                throw TurnError(
                    .invalidArgument,
                    "line \(index + 1) of the key file has an empty key or secret; write `key: secret`")
            }
            guard secrets.updateValue(secret, forKey: key) == nil else {
                throw TurnError(
                    .invalidArgument, "line \(index + 1) of the key file has a key of a line before; keep one"
                )
            }
        }
        return secrets
    }

    func secret(of key: String) -> String? { secrets.withLockedValue { $0[key] } }

    private static func check(_ secrets: [String: String]) throws(TurnError) {
        guard !secrets.isEmpty else {
            throw TurnError(.invalidArgument, "there is no API key; give one, or a key file that has some")
        }
        guard secrets.allSatisfy({ !$0.key.isEmpty && !$0.value.isEmpty }) else {
            throw TurnError(.invalidArgument, "an API key or its secret is empty; give both")
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }
}
