import ArgumentParser
import TurnCore
import TurnLoad
import TurnWebSocket
import TurnWire

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The gateway that a load is put on.
struct LoadGatewayOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The gateway's address, such as http://127.0.0.1:8080 (default: LIVEKIT_INFERENCE_URL).",
            valueName: "url"))
    var cloud: String?

    @OptionGroup var credentials: CredentialOptions

    @Option(
        help: ArgumentHelp(
            "Trust only the certificate authorities of this PEM file (default: the system's).",
            valueName: "file"))
    var tlsCa: String?

    /// - Throws: ``TurnError`` for an address, credentials or certificates that cannot be used.
    func target() throws(TurnError) -> LoadTarget {
        guard let base = cloud ?? Terminal.environment("LIVEKIT_INFERENCE_URL") else {
            throw TurnError(
                .invalidArgument, "there is no gateway; give --cloud URL or set LIVEKIT_INFERENCE_URL")
        }
        let (key, secret) = try credentials.resolve()
        let url = try WebSocketURL(GatewayEndpoint.webSocketURL(base: base))
        let tls =
            if let tlsCa { try WebSocketTLS(certificateAuthorities: tlsCa) } else { try WebSocketTLS() }
        let proxies = try ProxySettings(environment: ProcessInfo.processInfo.environment)
        return LoadTarget(
            url: url, client: WebSocketClient(tls: tls, proxies: proxies), now: WallClock.now
        ) {
            let token = try AccessToken.mint(apiKey: key, apiSecret: secret, now: WallClock.now())
            var generator = SystemRandomNumberGenerator()
            return try ConnectionHeaders(accessToken: token, using: &generator).fields
        }
    }
}
