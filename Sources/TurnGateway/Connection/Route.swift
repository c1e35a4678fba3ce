import NIOHTTP1

/// What a request asks for.
enum Route: String {
    case eot, predict, healthz, readyz, metrics

    /// - Parameter uri: of the request line; what follows a `?` does not count.
    init?(uri: String) {
        let path = uri.prefix { $0 != "?" }
        switch path {
        case "/v1/predict", "/raw": self = .predict
        case "/healthz": self = .healthz
        case "/readyz": self = .readyz
        case "/metrics": self = .metrics
        default:
            guard path.hasSuffix("/eot") else { return nil }
            self = .eot
        }
    }

    var method: HTTPMethod { self == .predict ? .POST : .GET }

    /// Whether a token is needed.
    var isProtected: Bool { self == .eot || self == .predict }
}
