import NIOCore
import TurnCore

/// The sessions of one event loop, moved by one timer. Lives on that loop.
final class LoadWorker {
    let eventLoop: any EventLoop
    let target: LoadTarget
    let options: LoadOptions
    var report: LoadReport

    private let schedule: LoadSchedule
    private let audio: [AudioMessages]
    /// The first session's opening.
    private let start: NIODeadline
    /// Between these, questions count.
    private let measuring: Range<NIODeadline>
    /// The sessions that send in each tick of a frame.
    private var lanes: [[LoadSession]]
    private var tickCount = 0
    /// Openings so far, those of all event loops that began with the run taken for granted.
    private var openingCount: Int
    /// When sessions that were asked to close are cut off; nil while the run goes on.
    private var cutOff: NIODeadline?
    private let done: EventLoopPromise<LoadReport>

    /// `start` is when the run begins, the same for all workers; sessions take the recordings in turns; `done` succeeds
    /// with the report.
    init(
        on eventLoop: any EventLoop, target: LoadTarget, options: LoadOptions, audio: [AudioMessages],
        start: NIODeadline, done: EventLoopPromise<LoadReport>
    ) {
        self.eventLoop = eventLoop
        self.target = target
        self.options = options
        self.audio = audio
        self.start = start
        self.done = done
        schedule = LoadSchedule(options)
        let begin = start + TimeAmount(options.startUp + options.warmUp)
        measuring = begin..<(begin + TimeAmount(options.duration))
        report = LoadReport(sessionCount: options.sessionCount, duration: options.duration)
        lanes = Array(repeating: [], count: schedule.laneCount)
        openingCount = options.sessionCount
    }

    /// Begins.
    ///
    /// - Parameter indices: the places of the run that this worker fills.
    func run(_ indices: some Sequence<Int>) {
        for index in indices {
            let opensAt = start + TimeAmount(schedule.opening(of: index))
            eventLoop.assumeIsolated().scheduleTask(deadline: opensAt) { [self] in
                open(index, opening: index, now: opensAt)
            }
        }
        scheduleTick()
    }

    func isAsking(_ now: NIODeadline) -> Bool { now < measuring.upperBound }

    func isCounting(_ now: NIODeadline) -> Bool { measuring.contains(now) }

    /// A session's connection has ended.
    func ended(_ session: LoadSession) {
        let lane = schedule.lane(of: session.index)
        guard lane < lanes.count else { return }
        lanes[lane].removeAll { $0 === session }
    }

    private func open(_ index: Int, opening: Int, now: NIODeadline) {
        guard isAsking(now) else { return }
        let frames = audio[index % audio.count].frames
        let life = options.sessionDuration.map { schedule.life(ofOpening: opening, around: $0) }
        let session = LoadSession(
            index: index, worker: self, frames: frames,
            firstFrame: schedule.firstFrame(ofOpening: opening, frameCount: frames.count),
            endsAt: life.map { now + TimeAmount($0) })
        lanes[schedule.lane(of: index)].append(session)
        session.open()
    }

    private func scheduleTick() {
        let next = start + TimeAmount(LoadSchedule.tick * (tickCount + 1))
        eventLoop.assumeIsolated().scheduleTask(deadline: next) { [self] in tick() }
    }

    private func tick() {
        let now = NIODeadline.now()
        if let cutOff { return finish(now, cutOff) }
        let stamp = WireStamp(target.now())
        // After a delay, all ticks that were missed.
        while case let due = start + TimeAmount(LoadSchedule.tick * (tickCount + 1)), due <= now {
            report.lagged(by: Duration(now - due))
            for session in lanes[tickCount % lanes.count] {
                session.tick(now: now, stamp: stamp)
                if session.isMakingPlace { replace(session, now: now) }
            }
            tickCount += 1
        }
        if !isAsking(now) { drain(now) }
        scheduleTick()
    }

    /// A session that lived its time closes; another takes its place at once.
    private func replace(_ session: LoadSession, now: NIODeadline) {
        session.close()
        open(session.index, opening: openingCount, now: now)
        openingCount += 1
    }

    /// Closes all sessions once every question is answered, or has waited long enough.
    private func drain(_ now: NIODeadline) {
        let sessions = lanes.joined()
        let isWaiting = sessions.contains { $0.isWaiting }
        guard !isWaiting || now >= measuring.upperBound + TimeAmount(options.patience) else { return }
        for session in sessions { session.close() }
        cutOff = now + .seconds(2)
    }

    private func finish(_ now: NIODeadline, _ cutOff: NIODeadline) {
        let sessions = lanes.joined().filter { !$0.isOver }
        guard sessions.isEmpty || now >= cutOff else {
            eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) { [self] in tick() }
            return
        }
        for session in sessions { session.abort() }
        // Sessions hold this worker.
        lanes = []
        done.succeed(report)
    }
}

@available(*, unavailable)
extension LoadWorker: Sendable {}
