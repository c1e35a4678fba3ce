import Dispatch

/// Runs the pieces of a job on a fixed number of threads.
struct Workers: Sendable {
    /// Threads that work at once, the caller's among them.
    let count: Int

    /// `@unchecked Sendable`: pieces write to memory of their own and a worker's, and ``run(_:_:)`` returns only when
    /// all are done.
    private struct Job: @unchecked Sendable {
        let body: (_ piece: Int, _ worker: Int) -> Void
    }

    /// Calls `body` once for each piece, `count` of them at a time; returns when all are done.
    ///
    /// Which worker takes a piece depends on its index alone, so that a worker's memory is its own.
    func run(_ pieceCount: Int, _ body: (_ piece: Int, _ worker: Int) -> Void) {
        guard count > 1 else {
            for piece in 0..<pieceCount { body(piece, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let job = Job(body: body)
            DispatchQueue.concurrentPerform(iterations: count) { worker in
                for piece in stride(from: worker, to: pieceCount, by: count) { job.body(piece, worker) }
            }
        }
    }
}
