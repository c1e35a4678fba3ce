import Foundation
import Testing
import TurnTesting

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What `deploy` holds, against the gateway that it is for.
@Suite(.tags(.sockets, .python), .timeLimit(.minutes(10))) struct DeployTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appendingPathComponent(path), encoding: .utf8)
    }

    private func fetch(_ url: String, method: String = "GET") async throws -> String {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.httpMethod = method
        return String(decoding: try await URLSession.shared.data(for: request).0, as: UTF8.self)
    }

    @Test func `every metric of the dashboard is one that the gateway exports`() async throws {
        let gateway = try await GatewayProcess()
        // A session, an error and a request, so that every family has a series.
        let load = try await Eot.run(
            [
                "load", "--cloud", gateway.url, "--sessions", "2", "--seconds", "4", "--start-up", "0.1",
                try Repository.fetched("fixtures/turns/conf-errormenu.wav"),
            ],
            environment: [
                "LIVEKIT_API_KEY": GatewayProcess.key, "LIVEKIT_API_SECRET": GatewayProcess.secret,
            ])
        #expect(load.status == 0, "\(load.errors)")
        _ = try await fetch(gateway.url + "/v1/predict")
        _ = try await fetch(gateway.url + "/nothing")
        let exported = try await fetch(gateway.url + "/metrics")
        let names = Set(EotResult.lines(exported).map { String($0.prefix { $0.isLetter || $0 == "_" }) })
        let dashboard = try Self.text("deploy/grafana/eot-gateway.json")
        let object = try JSONSerialization.jsonObject(with: Data(dashboard.utf8)) as? [String: Any]
        #expect((object?["panels"] as? [Any])?.isEmpty == false)
        let manifest = try Self.text("deploy/kubernetes/gateway.yaml")
        let used = Set((dashboard + manifest).matches(of: /\beot_[a-z_]+/).map { String($0.output) })
        #expect(used.count > 15)
        for name in used.sorted() {
            #expect(names.contains(name), "\(name) is not exported")
        }
    }

    @Test func `the manifests are valid, fit together, and start the gateway with options it has`()
        async throws
    {
        let lines = try await PythonPeer.run(
            "manifests.py",
            arguments: [Repository.root.appendingPathComponent("deploy/kubernetes/gateway.yaml").path])
        let line = try #require(lines.first)
        let found = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(found["faults"] as? [String] == [])
        #expect(
            found["kinds"] as? [String]
                == ["Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"])
        let arguments = try #require(found["args"] as? [String])
        #expect(arguments.first == "serve")
        let help = try await Eot.run(["serve", "--help"]).output
        for option in arguments where option.hasPrefix("--") {
            #expect(help.contains("\(option) "), "\(option)")
        }
    }

    @Test(.enabled(if: DeployTests.hasNginx, "nginx is not installed"))
    func `behind nginx no turn is lost while gateways are killed`() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let recordings = try ["conf-errormenu", "confbridge-only-participant"].map {
            try Repository.fetched("fixtures/turns/\($0).wav")
        }
        let script = Repository.root.appendingPathComponent("scripts/soak_nginx.py").path
        process.arguments =
            ["python3", script, "--seconds", "10", "--runs", "3", "--eot", Eot.executable.path] + recordings
        process.currentDirectoryURL = Repository.root
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.contains(" 0 faulty detections"), "\(text)")
    }

    private static let hasNginx: Bool = {
        let process = Process()
        process.executableURL = Repository.root.appendingPathComponent("scripts/nginx.sh")
        process.arguments = ["path"]
        process.standardOutput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}
