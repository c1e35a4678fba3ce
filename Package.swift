// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built in the Swift 6 language mode with warnings as errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// `make` asks for a command on Linux that carries what it uses of the Swift libraries. The compiler names these libraries
/// only in modules that are compiled for it; those of the tests and of other packages are not.
let linkedForCommand: [LinkerSetting] =
    Context.environment["EOT_STATIC_STDLIB"] != "1"
    ? []
    : [
        .unsafeFlags(
            ["-static-stdlib"]
                + ["_FoundationCollections", "_FoundationCShims", "_FoundationICU", "CoreFoundation"]
                .flatMap { ["-Xlinker", "-l\($0)"] },
            .when(platforms: [.linux]))
    ]

let package = Package(
    name: "swift-end-of-turn",
    platforms: [.macOS(.v14), .iOS(.v17)],
    products: [
        .library(name: "TurnCore", targets: ["TurnCore"]),
        .library(name: "TurnAudio", targets: ["TurnAudio"]),
        .library(name: "TurnInference", targets: ["TurnInference"]),
        .library(name: "TurnDetection", targets: ["TurnDetection"]),
        .library(name: "TurnCloud", targets: ["TurnCloud"]),
        .library(name: "TurnGateway", targets: ["TurnGateway"]),
        .library(name: "TurnEvaluation", targets: ["TurnEvaluation"]),
        .executable(name: "eot", targets: ["eot"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CTurnKernels"),
        .target(name: "TurnCore", swiftSettings: strict),
        .target(name: "TurnAudio", dependencies: ["TurnCore"], swiftSettings: strict),
        .target(
            name: "TurnInference", dependencies: ["TurnCore", "TurnAudio", "CTurnKernels"],
            swiftSettings: strict),
        .target(
            name: "TurnDetection",
            dependencies: ["TurnCore", "TurnAudio", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .target(
            name: "TurnWire",
            dependencies: [
                "TurnCore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Protobuf/livekit_agent.proto"], swiftSettings: strict),
        .target(
            name: "TurnWebSocket",
            dependencies: [
                "TurnCore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(
            name: "TurnCloud",
            dependencies: [
                "TurnCore", "TurnWire", "TurnWebSocket",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "TurnLoad",
            dependencies: [
                "TurnCore", "TurnWire", "TurnWebSocket",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "TurnGateway",
            dependencies: [
                "TurnCore", "TurnAudio", "TurnWire", "TurnWebSocket",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(name: "TurnEvaluation", dependencies: ["TurnCore", "TurnAudio"], swiftSettings: strict),
        .target(name: "CTurnTestSupport"),
        .target(
            name: "TurnTesting",
            dependencies: ["TurnCore", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .executableTarget(
            name: "eot",
            dependencies: [
                "TurnCore", "TurnAudio", "TurnInference", "TurnDetection", "TurnEvaluation", "TurnCloud",
                "TurnLoad", "TurnWire", "TurnWebSocket", "TurnGateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict,
            linkerSettings: linkedForCommand),
        .executableTarget(
            name: "turn-push-benchmark",
            dependencies: ["TurnDetection", "TurnCore", "TurnTesting", "CTurnTestSupport"],
            path: "Benchmarks/Push", swiftSettings: strict),
        .target(
            name: "TurnStress",
            dependencies: [
                "TurnDetection", "TurnCore", "TurnTesting", "CTurnTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/Stress/Library", swiftSettings: strict),
        .executableTarget(
            name: "turn-stress", dependencies: ["TurnStress", "TurnCore"], path: "Benchmarks/Stress/Program",
            swiftSettings: strict),
        .executableTarget(
            name: "example-file-session",
            dependencies: ["TurnDetection", "TurnInference", "TurnAudio", "TurnCore"],
            path: "Examples/FileSession", swiftSettings: strict),
        .executableTarget(
            name: "example-custom-transport", dependencies: ["TurnDetection", "TurnCore"],
            path: "Examples/CustomTransport", swiftSettings: strict),
        .testTarget(
            name: "TurnCoreTests", dependencies: ["TurnCore", "TurnTesting"], swiftSettings: strict),
        .testTarget(
            name: "TurnWireTests", dependencies: ["TurnWire", "TurnCore", "TurnTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "TurnWebSocketTests",
            dependencies: [
                "TurnWebSocket", "TurnCore", "TurnTesting", "CTurnTestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TurnCloudTests",
            dependencies: [
                "TurnCloud", "TurnDetection", "TurnWire", "TurnWebSocket", "TurnCore", "TurnTesting",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TurnGatewayTests",
            dependencies: [
                "TurnGateway", "TurnWire", "TurnWebSocket", "TurnInference", "TurnAudio", "TurnCore",
                "TurnTesting", "CTurnTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TurnAudioTests", dependencies: ["TurnAudio", "TurnCore", "TurnTesting"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .target(
            name: "CTurnKernelChecks", dependencies: ["CTurnKernels"], path: "Tests/CTurnKernelChecks"),
        .testTarget(
            name: "TurnInferenceTests",
            dependencies: [
                "TurnInference", "TurnAudio", "TurnCore", "TurnTesting", "CTurnKernels", "CTurnKernelChecks",
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "TurnDetectionTests",
            dependencies: [
                "TurnDetection", "TurnAudio", "TurnCore", "TurnTesting", "CTurnTestSupport", "TurnStress",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TurnLoadTests",
            dependencies: [
                "TurnLoad", "TurnWire", "TurnCore", "TurnTesting",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TurnEvaluationTests", dependencies: ["TurnEvaluation", "TurnCore", "TurnTesting"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "EotTests",
            dependencies: [
                "TurnDetection", "TurnEvaluation", "TurnInference", "TurnWire", "TurnCore", "TurnAudio",
                "TurnTesting",
            ],
            swiftSettings: strict),
    ],
    cLanguageStandard: .c11
)
