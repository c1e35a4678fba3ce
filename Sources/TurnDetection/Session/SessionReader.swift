import TurnAudio
import TurnCore

/// Takes a session's inbox apart for the one task that works on it: windows of 16 kHz audio, and inputs between them.
///
/// Other rates are resampled here, off the thread that pushes.
final class SessionReader {
    enum Item {
        /// A full window.
        case window([Float])
        /// The last samples, less than a window.
        case rest([Float])
        /// An input that came within a window, so many samples into it.
        case input(SessionInbox.Input, pendingCount: Int)
    }

    private let inbox: SessionInbox
    private let windowCount: Int
    private var ingress = AudioIngress()
    /// Samples that no window has taken yet.
    private var pending: [Float] = []
    /// Held back until the last samples were given out.
    private var isFinishing = false

    init(_ inbox: SessionInbox, windowSampleCount: Int) {
        self.inbox = inbox
        windowCount = windowSampleCount
        pending.reserveCapacity(windowSampleCount * 8)
    }

    /// The next thing to work on; waits for one. Nil after the end.
    func next() async -> Item? {
        while true {
            if pending.count >= windowCount {
                defer { pending.removeFirst(windowCount) }
                return .window(Array(pending[..<windowCount]))
            }
            if isFinishing {
                guard pending.isEmpty else {
                    defer { pending = [] }
                    return .rest(pending)
                }
                return .input(.finish, pendingCount: 0)
            }
            switch await inbox.next(missing: windowCount - pending.count) {
            case .audio(let samples, let sampleRate): take(samples, sampleRate)
            case .input(.finish):
                ingress.flush { pending.append(contentsOf: $0) }
                isFinishing = true
            case .input(let input): return .input(input, pendingCount: pending.count)
            case nil: return nil
            }
        }
    }

    private func take(_ samples: [Float], _ sampleRate: Int) {
        // The rate is a frame's, so it is supported, and the same for all frames.
        guard let format = try? AudioFormat(sampleRate: sampleRate) else { return }
        samples.withUnsafeBufferPointer { samples in
            try? ingress.push(samples, format: format) { pending.append(contentsOf: $0) }
        }
    }
}
