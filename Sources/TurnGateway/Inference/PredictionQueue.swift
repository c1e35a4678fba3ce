import NIOConcurrencyHelpers
import NIOCore
import TurnCore

/// Questions for predictions and the threads that answer them, first come, first served.
///
/// A session has one ``Place`` with at most one question in it: a new question takes the place of one that still
/// waits. So the queue is never longer than there are places, and nobody waits longer because another asks often.
/// A question that has waited longer than its limit is not computed.
///
/// `@unchecked Sendable`: all variables, those of places too, are touched only while `lock` is held.
final class PredictionQueue: @unchecked Sendable {
    /// A question.
    struct Job: Sendable {
        /// When it came.
        let arrival: NIODeadline
        /// Copies the audio to the start of a window's memory; returns how many samples. Runs on a worker.
        let prepare: @Sendable (UnsafeMutableBufferPointer<Float>) throws(TurnError) -> Int
        /// Is told how it ended, on a worker.
        let finish: @Sendable (Outcome) -> Void
    }

    /// How a question ended.
    enum Outcome: Sendable {
        case predicted(ModelPrediction, wait: TimeAmount)
        /// It waited too long and was not computed.
        case late(wait: TimeAmount)
        case failed(TurnError)
    }

    /// Where one asker's question waits.
    final class Place: @unchecked Sendable {
        fileprivate var job: Job?
        fileprivate var isQueued = false
    }

    private let model: any TurnModel
    private let waitLimit: TimeAmount
    private let now: @Sendable () -> NIODeadline
    /// The condition: there is something to do for a worker.
    private let lock = ConditionLock(value: false)
    private var places = CircularBuffer<Place>()
    private var waitingCount = 0
    private var isStopped = false

    /// - Parameters:
    ///   - model: answers.
    ///   - waitLimit: questions that waited longer are dropped.
    ///   - now: the time.
    init(model: any TurnModel, waitLimit: TimeAmount, now: @escaping @Sendable () -> NIODeadline) {
        self.model = model
        self.waitLimit = waitLimit
        self.now = now
    }

    /// Questions that wait.
    var length: Int {
        lock.lock()
        defer { lock.unlock() }
        return waitingCount
    }

    /// When the question came that waits longest; nil when none waits.
    var oldestArrival: NIODeadline? {
        lock.lock()
        defer { lock.unlock() }
        return places.lazy.compactMap { $0.job?.arrival }.first
    }

    /// Puts a question in its place.
    ///
    /// - Returns: whether another question waited there, which is never answered now.
    @discardableResult
    func submit(_ job: Job, at place: Place) -> Bool {
        lock.lock()
        let isSuperseding = place.job != nil
        place.job = job
        if !isSuperseding { waitingCount += 1 }
        if !place.isQueued {
            place.isQueued = true
            places.append(place)
        }
        lock.unlock(withValue: true)
        return isSuperseding
    }

    /// Takes back the question that waits in a place.
    ///
    /// - Returns: false when none waited: it is being computed, or was answered.
    @discardableResult
    func withdraw(_ place: Place) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard place.job != nil else { return false }
        place.job = nil
        waitingCount -= 1
        return true
    }

    /// Lets the workers end once they have finished what they compute; what waits is dropped.
    func stop() {
        lock.lock()
        isStopped = true
        places.removeAll()
        waitingCount = 0
        lock.unlock(withValue: true)
    }

    /// Answers questions until ``stop()``; what a worker's thread does.
    func work() {
        let window = UnsafeMutableBufferPointer<Float>.allocate(capacity: model.windowSampleCount)
        window.initialize(repeating: 0)
        defer { window.deallocate() }
        while true {
            lock.lock(whenValue: true)
            guard !isStopped else { return lock.unlock(withValue: true) }
            let job = takeNext()
            lock.unlock(withValue: !places.isEmpty)
            if let job { perform(job, window) }
        }
    }

    /// Answers the question that waits longest on the caller's thread.
    ///
    /// - Returns: false when none waits.
    @discardableResult
    func performNext() -> Bool {
        lock.lock()
        let job = takeNext()
        lock.unlock(withValue: !places.isEmpty || isStopped)
        guard let job else { return false }
        let window = UnsafeMutableBufferPointer<Float>.allocate(capacity: model.windowSampleCount)
        window.initialize(repeating: 0)
        defer { window.deallocate() }
        perform(job, window)
        return true
    }

    /// The first question; places whose question was withdrawn are passed over.
    private func takeNext() -> Job? {
        while let place = places.popFirst() {
            place.isQueued = false
            guard let job = place.job else { continue }
            place.job = nil
            waitingCount -= 1
            return job
        }
        return nil
    }

    private func perform(_ job: Job, _ window: UnsafeMutableBufferPointer<Float>) {
        let wait = now() - job.arrival
        guard wait <= waitLimit else { return job.finish(.late(wait: wait)) }
        do throws(TurnError) {
            let count = try job.prepare(window)
            let prediction = try model.predict(UnsafeBufferPointer(rebasing: window[..<count]))
            job.finish(.predicted(prediction, wait: wait))
        } catch {
            job.finish(.failed(error))
        }
    }
}
