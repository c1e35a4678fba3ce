import ArgumentParser
import TurnCore
import TurnEvaluation
import TurnGateway

/// Where the gateway listens.
struct NetworkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Name or address to listen at.", valueName: "host"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("Port to listen at; 0 for a free one.", valueName: "port"))
    var port = 8080

    @Option(help: ArgumentHelp("Certificate in PEM, for TLS; needs --tls-key.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("Private key in PEM, for TLS; needs --tls-cert.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Threads for connections (default: one for each processor, at most 4).", valueName: "n"))
    var eventLoops: Int?

    func validate() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("TLS needs certificate and key; give both --tls-cert and --tls-key")
        }
    }

    /// - Throws: ``TurnError`` for files that cannot be used.
    func apply(to options: inout GatewayOptions) throws(TurnError) {
        options.host = host
        options.port = port
        if let eventLoops { options.eventLoops = eventLoops }
        if let tlsCert, let tlsKey {
            try FileInput.requireFile(at: tlsCert)
            try FileInput.requireFile(at: tlsKey)
            options.tls = try GatewayTLS(certificatePath: tlsCert, keyPath: tlsKey)
        }
    }
}

/// Who may use the gateway.
struct AccessOptions: ParsableArguments {
    @OptionGroup var credentials: CredentialOptions

    @Option(
        help: ArgumentHelp(
            "File of further keys, a line `key: secret` for each; read again on SIGHUP.", valueName: "file"))
    var keyFile: String?

    @Flag(help: "Let everybody in, without a token; on loopback addresses only.")
    var noAuth = false

    func validate() throws {
        if noAuth, keyFile != nil || credentials.apiKey != nil || credentials.apiSecret != nil {
            throw ValidationError("--no-auth needs no keys; leave it out, or the keys")
        }
    }

    /// The keys; nil with --no-auth.
    ///
    /// - Throws: ``TurnError`` when there is none, or the key file's errors.
    func keys() throws(TurnError) -> GatewayKeys? {
        if noAuth { return nil }
        if let keyFile {
            var secrets = try KeyFileReloader.secrets(ofFileAt: keyFile)
            if credentials.apiKey != nil || credentials.apiSecret != nil {
                let (key, secret) = try credentials.resolve()
                secrets[key] = secret
            }
            return try GatewayKeys(secrets)
        }
        do throws(TurnError) {
            let (key, secret) = try credentials.resolve()
            return try GatewayKeys([key: secret])
        } catch {
            throw TurnError(
                .invalidArgument,
                "the gateway has no key; give --key-file, --api-key and --api-secret, or LIVEKIT_API_KEY and "
                    + "LIVEKIT_API_SECRET (or --no-auth, on loopback)")
        }
    }
}

/// The thresholds that clients are told.
struct AnnouncedThresholds: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threshold that clients are told: responsive (0.05), balanced (0.21), patient (0.09) or livekit (0.5).",
            valueName: "name"))
    var preset = "balanced"

    @Option(
        help: ArgumentHelp(
            "JSON file of thresholds by language, as `eot calibrate` writes, in place of the preset's.",
            valueName: "file"))
    var thresholds: String?

    /// - Throws: ``TurnError`` `.invalidArgument`, or the file's errors.
    func table() throws(TurnError) -> ThresholdTable {
        let preset = try EndpointingPreset(named: preset)
        guard let thresholds else { return Thresholds.smartTurn(preset) }
        return try ThresholdFile.read(contentsOf: thresholds).table(default: preset.threshold)
    }
}
