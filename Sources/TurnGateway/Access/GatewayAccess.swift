import TurnWire

/// Who may use a gateway.
public enum GatewayAccess: Sendable {
    /// Whoever has a token that one of the keys signed.
    case keys(GatewayKeys)
    /// Everybody who can connect. The gateway refuses to listen anywhere but on loopback then.
    case open

    /// Why a request may not go on.
    enum Refusal: Error {
        /// There is no token.
        case missing
        case invalid(AccessToken.Refusal)
        /// The token is good, but not for predictions.
        case forbidden
    }

    /// Whose request it is, for logs and for the key's share.
    ///
    /// - Parameters:
    ///   - authorization: the values of the headers `Authorization`.
    ///   - now: the time since the Unix epoch.
    /// - Returns: the key's id; `-` with open access.
    /// - Throws: ``Refusal``.
    func keyID(authorization: [String], now: Duration) throws(Refusal) -> String {
        guard case .keys(let keys) = self else { return "-" }
        guard authorization.count == 1, let value = authorization.first,
            let space = value.firstIndex(of: " "),
            value[..<space].lowercased() == "bearer"
        else { throw .missing }
        let token: AccessToken
        do throws(AccessToken.Refusal) {
            token = try AccessToken(
                verifying: value[value.index(after: space)...], now: now, secret: keys.secret)
        } catch {
            throw .invalid(error)
        }
        guard token.mayPerformInference else { throw .forbidden }
        return token.apiKey
    }
}
