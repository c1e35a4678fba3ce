import Foundation
import TurnCore
import TurnStress

// Random calls on a hundred streams: prints what was asked and answered and how memory went, and exits with 1 if a handle
// was left unanswered or the heap grew. A program of its own, since Swift Testing keeps something of every error that is
// thrown, cancellations of timers too. Resident memory is printed beside the heap, and once more after the C library gave
// back what lies free: the difference is its free blocks between those in use.
//   swift run -c release turn-stress [seconds, by default 30]

let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 30
// A window (64 KiB) lost in ten thousand predictions would be more.
let limit = 4.0
let result = try await StreamStress.run(seconds: seconds)
print("\(result.askedCount) predictions, \(result.askedCount - result.answeredCount) unanswered")
for (outcome, count) in result.outcomes.sorted(by: { $0.value > $1.value }) { print("  \(count) \(outcome)") }
for (name, series) in [("heap", result.heap), ("resident", result.resident)] {
    let growth = (StreamStress.growth(series) * 10).rounded() / 10
    let text = series.map { String(Int($0.rounded())) }.joined(separator: " ")
    print("\(name), MiB over time: \(text); grew by \(growth) from the second quarter to the last")
}
print("resident at the end, after free memory was given back: \(Int(result.residentTrimmed.rounded())) MiB")
let isFlat = StreamStress.growth(result.heap) < limit
exit(result.askedCount > 0 && result.askedCount == result.answeredCount && isFlat ? 0 : 1)
