import TurnCore

/// Takes the lines that a ``LineSplitter`` finds.
protocol LineSink {
    /// Takes line `number` (from 1) without its end; the bytes are valid during the call.
    mutating func take(_ line: UnsafeBufferPointer<UInt8>, number: Int) throws(TurnError)
}

/// Cuts a stream of bytes into lines of at most ``maximumLineLength`` bytes.
struct LineSplitter: Sendable {
    /// A longer line is an error: it is no row of a predictions file, and memory stays bounded.
    static let maximumLineLength = 1 << 20

    /// Whether a line end between double quotes belongs to the line (CSV).
    var honoursQuotes = false
    private var lineNumber = 0
    private var pending: [UInt8] = []
    private var isQuoted = false

    /// Hands each line that `bytes` complete to `sink`.
    mutating func append(
        _ bytes: UnsafeBufferPointer<UInt8>, _ sink: inout some LineSink
    ) throws(TurnError) {
        var start = 0
        for index in 0..<bytes.count {
            if honoursQuotes, bytes[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard bytes[index] == UInt8(ascii: "\n"), !isQuoted else { continue }
            try emit(UnsafeBufferPointer(rebasing: bytes[start..<index]), &sink)
            start = index + 1
        }
        pending.append(contentsOf: bytes[start...])
        try checkLength(pending.count)
    }

    /// Hands out the last line if no line end closed it.
    mutating func finish(_ sink: inout some LineSink) throws(TurnError) {
        if !pending.isEmpty { try emit(UnsafeBufferPointer(start: nil, count: 0), &sink) }
    }

    private mutating func emit(
        _ tail: UnsafeBufferPointer<UInt8>, _ sink: inout some LineSink
    ) throws(TurnError) {
        try checkLength(pending.count + tail.count)
        lineNumber += 1
        guard !pending.isEmpty else {
            return try sink.take(Self.trimmed(tail), number: lineNumber)
        }
        var line: [UInt8] = []
        swap(&line, &pending)
        line.append(contentsOf: tail)
        let result = line.withUnsafeBufferPointer { buffer in
            Result { () throws(TurnError) in
                try sink.take(Self.trimmed(buffer), number: lineNumber)
            }
        }
        try result.get()
    }

    private func checkLength(_ count: Int) throws(TurnError) {
        guard count <= Self.maximumLineLength else {
            throw TurnError(
                .invalidPredictions,
                "line \(lineNumber + 1) is longer than \(Self.maximumLineLength) bytes; "
                    + "give one row a line")
        }
    }

    /// Without a carriage return at its end.
    private static func trimmed(_ line: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard line.last == UInt8(ascii: "\r") else { return line }
        return UnsafeBufferPointer(rebasing: line.dropLast())
    }
}
