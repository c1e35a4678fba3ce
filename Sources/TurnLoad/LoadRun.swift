import NIOCore
import NIOPosix
import TurnCore

/// Puts a load on a gateway: sessions that stream recorded speech in real time and ask at its pauses.
///
/// Made to cost little beside the gateway that it measures: messages are encoded once for all sessions, and each event
/// loop has one timer, which sends for a part of its sessions every 5 ms.
public struct LoadRun: Sendable {
    private let target: LoadTarget
    private let options: LoadOptions
    private let audio: [AudioMessages]

    /// - Parameters:
    ///   - target: the gateway.
    ///   - options: what to do.
    ///   - audio: recordings; sessions take them in turns. At least one.
    /// - Throws: ``TurnError`` `.invalidArgument` for options out of range.
    public init(target: LoadTarget, options: LoadOptions, audio: [LoadAudio]) throws(TurnError) {
        try options.check()
        precondition(!audio.isEmpty)
        self.target = target
        self.options = options
        self.audio = audio.map { AudioMessages($0, frameSampleCount: options.frameSampleCount) }
    }

    /// How long ``run()`` takes, without the closing.
    public var expectedDuration: Duration { options.startUp + options.warmUp + options.duration }

    /// Runs the load to its end.
    ///
    /// - Returns: what was found, failures too.
    /// - Throws: what SwiftNIO throws when its threads cannot end.
    public func run() async throws -> LoadReport {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.threadCount)
        let loops = Array(group.makeIterator())
        let start = NIODeadline.now() + .milliseconds(20)
        let reports = loops.enumerated().map { number, loop in
            let done = loop.makePromise(of: LoadReport.self)
            let indices = stride(from: number, to: options.sessionCount, by: loops.count)
            loop.execute { [self] in
                let worker = LoadWorker(
                    on: loop, target: target, options: options, audio: audio, start: start, done: done)
                worker.run(indices)
            }
            return done.futureResult
        }
        var total = LoadReport(sessionCount: options.sessionCount, duration: options.duration)
        for report in reports { total.add(try await report.get()) }
        try await group.shutdownGracefully()
        return total
    }
}
