import TurnCore
import TurnEvaluation

extension ThresholdFile {
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`; `.invalidArgument` for a file that is no such table.
    static func read(contentsOf path: String) throws(TurnError) -> ThresholdFile {
        let bytes = try FileInput.read(contentsOf: path, limit: 1 << 20)
        do throws(TurnError) {
            return try ThresholdFile(json: bytes)
        } catch {
            throw TurnError(error.code, "\(path): \(error.message)")
        }
    }
}
