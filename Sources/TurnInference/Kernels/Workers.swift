import CTurnKernels
import Dispatch

/// Runs the steps of a job on a fixed number of threads.
struct Workers: Sendable {
    /// Threads that work at once, the caller's among them.
    let count: Int

    /// `@unchecked Sendable`: the pieces of a step write to memory of their own and their worker's, steps follow each
    /// other, and ``run(stepCount:_:)`` returns only when all are done.
    private struct Job: @unchecked Sendable {
        let body: (inout Worker) -> Void
        let progress: UnsafeMutablePointer<UInt32>
    }

    /// The most pieces of a step.
    fileprivate static let pieceLimit = 31

    /// Calls `body` on each worker; returns when all are done.
    ///
    /// Every worker goes through the same steps. In each it takes the pieces that were its own in the step before, whose
    /// values its cache may still hold, and then what others have not begun: one that the system starts late finds its
    /// pieces taken.
    ///
    /// - Parameters:
    ///   - stepCount: the most steps that `body` has.
    ///   - body: the steps: calls of ``Worker/run(_:_:)``.
    func run(stepCount: Int, _ body: (inout Worker) -> Void) {
        guard count > 1 else {
            var worker = Worker(index: 0, count: 1, step: nil)
            return body(&worker)
        }
        let size = stepCount * (1 + Self.pieceLimit)
        let progress = UnsafeMutablePointer<UInt32>.allocate(capacity: size)
        progress.initialize(repeating: 0, count: size)
        defer { progress.deallocate() }
        withoutActuallyEscaping(body) { body in
            let job = Job(body: body, progress: progress)
            DispatchQueue.concurrentPerform(iterations: count) { index in
                var worker = Worker(index: index, count: count, step: job.progress)
                job.body(&worker)
            }
        }
    }
}

/// One thread of a job.
struct Worker {
    let index: Int
    /// Workers of the job.
    fileprivate let count: Int
    /// Of the next step: how many pieces are done, and for each piece how often it was asked for. Nil if there is no
    /// other thread.
    fileprivate var step: UnsafeMutablePointer<UInt32>?

    /// The next step: calls `body` for the pieces that this worker gets; returns when all pieces are done, whoever did
    /// them. Workers meet without sleeping: a step takes about a millisecond, waking a thread a tenth of that.
    ///
    /// - Precondition: at most 31 pieces.
    mutating func run(_ pieceCount: Int, _ body: (_ piece: Int) -> Void) {
        guard let step else { return (0..<pieceCount).forEach(body) }
        precondition(pieceCount <= Workers.pieceLimit, "too many pieces")
        for turn in 0..<count {
            for piece in stride(from: (index + turn) % count, to: pieceCount, by: count)
            where turn_shared_add(step + 1 + piece, 1) == 0 {
                body(piece)
                _ = turn_shared_add(step, 1)
            }
        }
        turn_shared_wait(step, UInt32(pieceCount))
        self.step = step + 1 + Workers.pieceLimit
    }
}
