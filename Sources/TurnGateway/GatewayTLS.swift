import NIOSSL
public import TurnCore

/// The certificate that a gateway shows.
public struct GatewayTLS: Sendable {
    let context: NIOSSLContext

    /// - Parameters:
    ///   - certificatePath: the certificate and those between it and its authority, in PEM.
    ///   - keyPath: its private key, in PEM.
    /// - Throws: ``TurnError`` `.inputOutput` when a file cannot be read, `.invalidArgument` when the two cannot be
    ///   used together.
    public init(certificatePath: String, keyPath: String) throws(TurnError) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
        } catch {
            throw TurnError(
                .inputOutput, "the certificate \(certificatePath) cannot be read; give a file in PEM",
                cause: error)
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
        } catch {
            throw TurnError(
                .inputOutput,
                "the private key \(keyPath) cannot be read; give a file in PEM without a password",
                cause: error)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TurnError(
                .invalidArgument,
                "\(certificatePath) and \(keyPath) cannot be used together; check that they belong together",
                cause: error)
        }
    }
}
