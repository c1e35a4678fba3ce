/// Where a gateway listens for clients.
public enum GatewayEndpoint {
    /// The base of LiveKit's hosted gateway.
    public static let hostedBase = "https://agent-gateway.livekit.cloud/v1"

    /// The WebSocket URL of a base URL, as in LiveKit Agents 1.8.9: a leading `http` becomes `ws` when the scheme is
    /// `http` or `https`, and `/eot` is appended verbatim, so a base that ends in a slash gives `//eot`.
    ///
    /// - Parameter base: such as `https://agent-gateway.livekit.cloud/v1`; not checked.
    /// - Returns: such as `wss://agent-gateway.livekit.cloud/v1/eot`.
    public static func webSocketURL(base: String) -> String {
        let isHTTP = base.hasPrefix("http://") || base.hasPrefix("https://")
        return (isHTTP ? "ws" + base.dropFirst("http".count) : base) + "/eot"
    }
}
