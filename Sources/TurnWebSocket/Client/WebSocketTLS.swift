import NIOSSL
import TurnCore

/// How a client checks a server's certificate. The name in it is always checked too.
public struct WebSocketTLS: Sendable {
    let context: NIOSSLContext

    /// Trusts the certificate authorities of the system.
    ///
    /// - Throws: ``TurnError`` `.inputOutput` when they cannot be loaded.
    public init() throws(TurnError) {
        try self.init(trustRoots: .default, source: "the system's certificate authorities")
    }

    /// Trusts only the certificate authorities of a file.
    ///
    /// - Parameter path: certificates in PEM.
    /// - Throws: ``TurnError`` `.inputOutput` when the file cannot be read, or holds none.
    public init(certificateAuthorities path: String) throws(TurnError) {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw TurnError(
                .inputOutput, "the certificate file \(path) cannot be read; give PEM certificates",
                cause: error)
        }
        try self.init(trustRoots: .certificates(certificates), source: path)
    }

    private init(trustRoots: NIOSSLTrustRoots, source: String) throws(TurnError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = trustRoots
        configuration.certificateVerification = .fullVerification
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TurnError(.inputOutput, "\(source) cannot be used for TLS; check the file", cause: error)
        }
    }
}
