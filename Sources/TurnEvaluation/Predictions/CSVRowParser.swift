import TurnCore

/// Reads rows of comma-separated values (RFC 4180) whose first line names the columns; columns that are not
/// known are passed over.
struct CSVRowParser: Sendable {
    /// For each column of the file the known one it is.
    private let columns: [PredictionColumn?]

    /// - Throws: ``TurnError`` `.invalidPredictions` when a required column is missing or one stands twice.
    init(header: UnsafeBufferPointer<UInt8>) throws(TurnError) {
        var columns: [PredictionColumn?] = []
        Self.split(header) { value in
            let name =
                switch value {
                case .missing: ""
                case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
                case .text(let text): text
                }
            columns.append(PredictionColumn(rawValue: name))
        }
        for column in PredictionColumn.allCases {
            let count = columns.count { $0 == column }
            guard count > 0 || !column.isRequired else {
                throw TurnError(
                    .invalidPredictions,
                    "the first line names no column '\(column.rawValue)'; "
                        + "name id, span_index, silence_dur, p_eot and label there")
            }
            guard count < 2 else {
                throw TurnError(
                    .invalidPredictions, "the column '\(column.rawValue)' stands twice; keep one of them")
            }
        }
        self.columns = columns
    }

    /// - Throws: ``TurnError`` `.invalidPredictions` when the number of values is not the header's.
    func fields(_ line: UnsafeBufferPointer<UInt8>) throws(TurnError) -> RowFields {
        var fields = RowFields()
        var count = 0
        Self.split(line) { value in
            if count < columns.count, let column = columns[count] { fields[column] = value }
            count += 1
        }
        guard count == columns.count else {
            throw TurnError(
                .invalidPredictions,
                "\(count) values where the header names \(columns.count); correct the row")
        }
        return fields
    }

    private static func split(_ line: UnsafeBufferPointer<UInt8>, _ body: (RowValue) -> Void) {
        var start = 0
        var isQuoted = false
        var hasQuotes = false
        for index in 0...line.count {
            if index < line.count {
                if line[index] == UInt8(ascii: "\"") {
                    isQuoted.toggle()
                    hasQuotes = true
                }
                if line[index] != UInt8(ascii: ",") || isQuoted { continue }
            }
            let value = trimmed(UnsafeBufferPointer(rebasing: line[start..<index]))
            body(hasQuotes ? .text(unquoted(value)) : .bytes(value))
            start = index + 1
            (isQuoted, hasQuotes) = (false, false)
        }
    }

    private static func trimmed(_ value: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        guard let first = value.firstIndex(where: { !isBlank($0) }),
            let last = value.lastIndex(where: { !isBlank($0) })
        else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(rebasing: value[first...last])
    }

    /// Without the quotes around it, each doubled quote inside made one.
    private static func unquoted(_ value: UnsafeBufferPointer<UInt8>) -> String {
        let quote = UInt8(ascii: "\"")
        var inner = value[...]
        if value.count >= 2, value.first == quote, value.last == quote { inner = value[1..<value.count - 1] }
        var bytes: [UInt8] = []
        var skipsNext = false
        for byte in inner {
            if byte == quote, skipsNext {
                skipsNext = false
                continue
            }
            skipsNext = byte == quote
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
