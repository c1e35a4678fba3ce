import Crypto
import Foundation
import TurnCore

/// The JSON Web Token that opens the gateway: HS256, signed with the API secret.
///
/// A token holds exactly the claims of LiveKit Agents 1.8.9: `inference: {"perform": true}`, `sub: "agent"`,
/// `iss` (the API key), `nbf` and `exp`; no `iat`, `jti`, `video`, `name` or `kind`. Made with swift-crypto rather
/// than jwt-kit, whose HMAC signer asserts a key of 32 bytes: a short secret (LiveKit's development secret has six
/// letters) would stop a debug build.
public struct AccessToken: Sendable, Hashable {
    /// Why a token is refused.
    public enum Refusal: String, Error, Sendable, Hashable {
        /// Not three base64url parts of JSON, or longer than ``AccessToken/maximumByteCount``.
        case malformed
        /// `alg` is not exactly `HS256`, or the header has critical extensions.
        case algorithm
        /// `iss` names no known key.
        case unknownKey = "unknown_key"
        case signature
        /// `exp` is absent or past.
        case expired
        /// `nbf` lies in the future.
        case notYetValid = "not_yet_valid"
    }

    /// Longer tokens are refused unread.
    public static let maximumByteCount = 8_192
    /// How long a token of ``mint(apiKey:apiSecret:now:timeToLive:)`` is valid unless told otherwise.
    public static let defaultTimeToLive = Duration.seconds(600)

    /// The API key (`iss`).
    public let apiKey: String
    /// `sub`, if there is one.
    public let subject: String?
    /// `exp`, since the Unix epoch.
    public let expiresAt: Duration
    /// The grant `inference.perform`; without it a valid token opens nothing.
    public let mayPerformInference: Bool

    /// Makes a token.
    ///
    /// - Parameters:
    ///   - apiKey: becomes `iss`.
    ///   - apiSecret: signs.
    ///   - now: the time since the Unix epoch; `nbf` in whole seconds.
    ///   - timeToLive: from `nbf` to `exp`, in whole seconds.
    /// - Returns: the token, a secret while it is valid.
    /// - Throws: ``TurnError`` `.invalidArgument` when key or secret is empty, or the time to live not a second at
    ///   least.
    public static func mint(
        apiKey: String, apiSecret: String, now: Duration, timeToLive: Duration = defaultTimeToLive
    ) throws(TurnError) -> String {
        guard !apiKey.isEmpty, !apiSecret.isEmpty else {
            throw TurnError(
                .invalidArgument, "an access token needs an API key and an API secret; give both")
        }
        let issued = now.components.seconds
        let (expires, overflow) = issued.addingReportingOverflow(timeToLive.components.seconds)
        guard timeToLive >= .seconds(1), !overflow else {
            throw TurnError(
                .invalidArgument, "an access token cannot live for \(timeToLive); use a second or more")
        }
        let issuer = String(decoding: (try? JSONEncoder().encode(apiKey)) ?? Data(), as: UTF8.self)
        // In the order of the official library, so that the tokens are the same to the byte.
        let payload =
            #"{"inference":{"perform":true},"sub":"agent","iss":\#(issuer),"nbf":\#(issued),"exp":\#(expires)}"#
        let signed = base64URL(#"{"alg":"HS256","typ":"JWT"}"#.utf8) + "." + base64URL(payload.utf8)
        let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key(apiSecret))
        return signed + "." + base64URL(code)
    }

    /// Verifies a token. The signature is compared in constant time, for an unknown key too.
    ///
    /// - Parameters:
    ///   - token: the text after `Bearer `.
    ///   - now: the time since the Unix epoch.
    ///   - leeway: by how much clocks may differ.
    ///   - secret: the secret of an API key; nil for a key that is not known.
    /// - Throws: ``Refusal``.
    public init(
        verifying token: some StringProtocol, now: Duration, leeway: Duration = .seconds(30),
        secret: (String) -> String?
    ) throws(Refusal) {
        guard token.utf8.count <= Self.maximumByteCount else { throw .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Self.bytes(base64URL: parts[0]),
            let payload = Self.bytes(base64URL: parts[1]), let signature = Self.bytes(base64URL: parts[2]),
            let header = try? JSONDecoder().decode(Header.self, from: headerBytes)
        else { throw .malformed }
        guard header.alg == "HS256", header.crit == nil else { throw .algorithm }
        guard let claims = try? JSONDecoder().decode(Claims.self, from: payload) else { throw .malformed }

        let known = secret(claims.iss)
        let isSigned = HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: Data("\(parts[0]).\(parts[1])".utf8),
            using: Self.key(known ?? "unknown"))
        guard known.map({ !$0.isEmpty }) ?? false else { throw .unknownKey }
        guard isSigned else { throw .signature }

        let time = now / .seconds(1)
        let leeway = leeway / .seconds(1)
        guard let expiry = claims.exp, expiry + leeway > time, expiry.magnitude < 1e15 else { throw .expired }
        if let start = claims.nbf, start - leeway > time { throw .notYetValid }
        apiKey = claims.iss
        subject = claims.sub
        expiresAt = .seconds(expiry)
        mayPerformInference = claims.inference?.perform ?? false
    }

    private static func key(_ secret: String) -> SymmetricKey { SymmetricKey(data: Data(secret.utf8)) }
}

private struct Header: Decodable {
    let alg: String
    /// Extensions that must be understood (RFC 7515 section 4.1.11); we understand none.
    let crit: [String]?
}

private struct Claims: Decodable {
    struct Inference: Decodable {
        let perform: Bool?
    }

    let exp: Double?
    let inference: Inference?
    let iss: String
    let nbf: Double?
    let sub: String?
}

extension AccessToken {
    /// Base64 with the URL alphabet and no padding.
    fileprivate static func base64URL(_ bytes: some Sequence<UInt8>) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }

    /// Nil when the text is not base64url without padding.
    fileprivate static func bytes(base64URL text: some StringProtocol) -> Data? {
        var base64 = ""
        for character in text {
            switch character {
            case "-": base64.append("+")
            case "_": base64.append("/")
            case "+", "/", "=": return nil
            default: base64.append(character)
            }
        }
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        return Data(base64Encoded: base64)
    }
}
