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

    /// Calls `body` on each worker; returns when all are done. Every worker goes through the same steps; each piece of
    /// a step is taken by one of them, whichever is free, and a worker that comes late finds the pieces taken.
    ///
    /// - Parameters:
    ///   - stepCount: the most steps that `body` has.
    ///   - body: the steps: calls of ``Worker/run(_:_:)``.
    func run(stepCount: Int, _ body: (inout Worker) -> Void) {
        guard count > 1 else {
            var worker = Worker(index: 0, progress: nil)
            return body(&worker)
        }
        let progress = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * stepCount)
        progress.initialize(repeating: 0, count: 2 * stepCount)
        defer { progress.deallocate() }
        withoutActuallyEscaping(body) { body in
            let job = Job(body: body, progress: progress)
            DispatchQueue.concurrentPerform(iterations: count) { index in
                var worker = Worker(index: index, progress: job.progress)
                job.body(&worker)
            }
        }
    }
}

/// One thread of a job.
struct Worker {
    let index: Int
    /// For this and all steps to come: pieces taken, pieces done. Nil if there is no other thread.
    fileprivate var progress: UnsafeMutablePointer<UInt32>?

    /// The next step: calls `body` for the pieces that this worker gets; returns when all pieces are done, whoever did
    /// them. Workers meet without sleeping: a step takes about a millisecond, waking a thread a tenth of that.
    mutating func run(_ pieceCount: Int, _ body: (_ piece: Int) -> Void) {
        guard let taken = progress else { return (0..<pieceCount).forEach(body) }
        let done = taken + 1
        while true {
            let piece = Int(turn_shared_add(taken, 1))
            guard piece < pieceCount else { break }
            body(piece)
            _ = turn_shared_add(done, 1)
        }
        turn_shared_wait(done, UInt32(pieceCount))
        progress = taken + 2
    }
}
