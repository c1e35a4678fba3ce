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
    case threshold
    case minDelay = "min_delay"
    case maxDelay = "max_delay"
    case condition

    /// Its place among all columns.
    var number: Int {
        switch self {
        case .id: 0
        case .language: 1
        case .spanIndex: 2
        case .timestamp: 3
        case .silence: 4
        case .probability: 5
        case .label: 6
        case .threshold: 7
        case .minDelay: 8
        case .maxDelay: 9
        case .condition: 10
        }
    }

    /// Without it a row means nothing. Where others lack, the language is `und`, the timestamp the silence, and no
    /// policy is known.
    var isRequired: Bool {
        switch self {
        case .id, .spanIndex, .silence, .probability, .label: true
        case .language, .timestamp, .threshold, .minDelay, .maxDelay, .condition: false
        }
    }
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

    subscript(column: PredictionColumn) -> RowValue {
        get { values[column.number] }
        set { values[column.number] = newValue }
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
            probability: try optionalNumber(.probability), label: label, policy: try policy())
    }

    /// The policy in use; nil where the row does not name all of it.
    ///
    /// - Throws: ``TurnError`` `.invalidPredictions` for values that are no policy.
    func policy() throws(TurnError) -> TurnPolicy? {
        guard let threshold = try optionalNumber(.threshold), let low = try optionalNumber(.minDelay),
            let high = try optionalNumber(.maxDelay)
        else { return nil }
        guard (0...1).contains(threshold), low >= 0, high >= low, high.isFinite else {
            throw TurnError(
                .invalidPredictions,
                "threshold, min_delay and max_delay are no policy; give a probability and rising delays")
        }
        return TurnPolicy(threshold: threshold, actionDelay: low, timeout: high)
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

    /// - Throws: ``TurnError`` `.invalidPredictions` when there is none.
    func text(_ column: PredictionColumn) throws(TurnError) -> String {
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
