import ArgumentParser
import Logging
import ServiceLifecycle
import TurnCore
import TurnGateway
import TurnInference
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Serve predictions to agents over the network: a gateway of LiveKit's end-of-turn protocol.",
        discussion: """
            Clients connect to ws://HOST:PORT/eot, or any other path that ends in /eot, with a token that one of the \
            keys signed. POST /v1/predict answers for one recording; /healthz, /readyz and /metrics are for \
            operators. SIGTERM lets sessions end; SIGHUP reads the key file again.

            EXAMPLES:
              eot serve --host 0.0.0.0 --key-file keys.txt --tls-cert cert.pem --tls-key key.pem
              LIVEKIT_API_KEY=devkey LIVEKIT_API_SECRET=a-secret eot serve
              eot serve --no-auth --port 0

            STANDARD ERROR:
              listening {"host":"127.0.0.1","port":8080}   once it accepts connections
              time=... level=info event="session opened" session=... key=...
            """)

    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Thresholds") var thresholds: AnnouncedThresholds
    @OptionGroup(title: "Limits") var limits: LimitOptions

    @Option(
        help: ArgumentHelp("Predictions computed at once (default: one for each processor).", valueName: "n"))
    var workers: Int?

    @Option(help: ArgumentHelp("What to tell on standard error.", valueName: "level"))
    var logLevel: Log.Level = .info

    func run() async throws {
        var options = try limits.gatewayOptions()
        try network.apply(to: &options)
        if let workers {
            guard (1...1_024).contains(workers) else {
                throw TurnError(.invalidArgument, "--workers \(workers) is out of range; use 1 to 1024")
            }
            options.workers = workers
        }
        options.thresholds = try thresholds.table()
        let keys = try access.keys()
        let turnModel = try model.load(Log(level: .warning))
        OpenFiles.raiseLimit()

        let logger = Logger(label: "eot") { _ in LogfmtHandler(level: logLevel) }
        let gateway = try Gateway(
            model: turnModel, access: keys.map { .keys($0) } ?? .open, options: options,
            version: Eot.configuration.version, kernels: turnModel.kernels.name, logger: logger,
            onListening: { address in
                let host = JSONValue.string(address.host).text
                StandardError.write("listening {\"host\":\(host),\"port\":\(address.port)}\n")
            })
        var services: [any Service] = [gateway]
        if let keys, let path = access.keyFile {
            services.append(KeyFileReloader(keys: keys, path: path, logger: logger))
        }
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "eot") { _ in SwiftLogNoOpLogHandler() })
        // The gateway bounds its own end; this is for the rest.
        configuration.maximumGracefulShutdownDuration = options.drain + .seconds(5)
        try await ServiceGroup(configuration: configuration).run()
    }
}
