import TurnCore

/// The columns of a predictions file, by the names that eot-bench uses.
enum PredictionColumn: String, CaseIterable {
    case id
    case language
    case spanIndex = "span_index"
    case timestamp
    case silence = "silence_dur"
    case probability = "p_eot"
    case label

    /// Without it a row means nothing; the language is `und`, the timestamp the silence where they lack.
    var isRequired: Bool { self != .language && self != .timestamp }
}

/// One value as it stands in a line.
enum RowValue {
    /// Absent, empty or `null`.
    case missing
    /// Bytes as they are, no escapes: a number, or a text without quotes.
    case bytes(UnsafeBufferPointer<UInt8>)
    /// A text whose escapes have been resolved.
    case text(String)
}

/// The values of one line, for each ``PredictionColumn``.
struct RowFields {
    private var values = [RowValue](repeating: .missing, count: PredictionColumn.allCases.count)

    static func number(of column: PredictionColumn) -> Int {
        switch column {
        case .id: 0
        case .language: 1
        case .spanIndex: 2
        case .timestamp: 3
        case .silence: 4
        case .probability: 5
        case .label: 6
        }
    }

    subscript(column: PredictionColumn) -> RowValue {
        get { values[Self.number(of: column)] }
        set { values[Self.number(of: column)] = newValue }
    }

    /// - Throws: ``TurnError`` `.invalidPredictions` naming the column that is missing or does not parse.
    func row() throws(TurnError) -> PredictionSetBuilder.Row {
        let silence = try number(.silence)
        let spanIndex = try number(.spanIndex)
        guard spanIndex == spanIndex.rounded(), abs(spanIndex) < 1e15 else {
            throw TurnError(.invalidPredictions, "span_index is \(spanIndex); write an integer")
        }
        var labelName = try text(.label)
        guard let label = labelName.withUTF8({ SpanLabel(utf8: $0) }) else {
            throw TurnError(
                .invalidPredictions, "label is '\(labelName.prefix(40))'; write 'hold' or 'eot'")
        }
        return PredictionSetBuilder.Row(
            id: try text(.id), language: try optionalText(.language) ?? "und", spanIndex: Int(spanIndex),
            silence: silence, timestamp: try optionalNumber(.timestamp) ?? silence,
            probability: try optionalNumber(.probability), label: label)
    }

    private func optionalNumber(_ column: PredictionColumn) throws(TurnError) -> Double? {
        let value: Double?
        switch self[column] {
        case .missing: return nil
        case .bytes(let bytes):
            // pandas writes a missing number as nothing, NaN or null.
            if bytes.isEmpty || Self.isNaN(bytes) { return nil }
            value = DecimalParser.double(bytes)
        case .text(let text):
            value = Array(text.utf8).withUnsafeBufferPointer { DecimalParser.double($0) }
        }
        guard let value else {
            throw TurnError(.invalidPredictions, "\(column.rawValue) is not a number; write a decimal number")
        }
        return value
    }

    private func number(_ column: PredictionColumn) throws(TurnError) -> Double {
        if let value = try optionalNumber(column) { return value }
        throw TurnError(.invalidPredictions, "\(column.rawValue) is missing; give every row one")
    }

    private func optionalText(_ column: PredictionColumn) throws(TurnError) -> String? {
        switch self[column] {
        case .missing: nil
        case .bytes(let bytes): bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        case .text(let text): text.isEmpty ? nil : text
        }
    }

    private func text(_ column: PredictionColumn) throws(TurnError) -> String {
        if let text = try optionalText(column) { return text }
        throw TurnError(.invalidPredictions, "\(column.rawValue) is missing; give every row one")
    }

    private static func isNaN(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == 3 && bytes[0] | 0x20 == 0x6e && bytes[1] | 0x20 == 0x61 && bytes[2] | 0x20 == 0x6e
    }
}

extension SpanLabel {
    fileprivate init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.elementsEqual("hold".utf8) {
            self = .hold
        } else if bytes.elementsEqual("eot".utf8) {
            self = .endOfTurn
        } else {
            return nil
        }
    }
}
