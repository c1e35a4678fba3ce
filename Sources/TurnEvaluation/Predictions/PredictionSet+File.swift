import Foundation
import TurnCore

extension PredictionSet {
    /// Reads a predictions file (``PredictionReader``) from start to end.
    ///
    /// - Parameter path: a file, or `-` for standard input.
    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`, or `.invalidPredictions` naming the line.
    public init(contentsOf path: String) throws(TurnError) {
        let handle: FileHandle
        if path == "-" {
            handle = .standardInput
        } else {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw TurnError(.fileMissing, "there is no file '\(path)'; check the path")
            }
            guard !isFolder.boolValue, let opened = FileHandle(forReadingAtPath: path) else {
                throw TurnError(.inputOutput, "'\(path)' cannot be opened; give a file that may be read")
            }
            handle = opened
        }
        var reader = PredictionReader()
        do throws(TurnError) {
            while let piece = try Self.read(handle, path) {
                let result = piece.withUnsafeBytes { bytes in
                    Result { () throws(TurnError) in try reader.append(bytes) }
                }
                try result.get()
            }
            self = try reader.finish()
        } catch  where error.code == .invalidPredictions {
            throw TurnError(error.code, "\(path): \(error.message)")
        }
    }

    private static func read(_ handle: FileHandle, _ path: String) throws(TurnError) -> Data? {
        do {
            let piece = try handle.read(upToCount: 1 << 20)
            return piece?.isEmpty == false ? piece : nil
        } catch {
            throw TurnError(.inputOutput, "reading '\(path)' failed; check the file", cause: error)
        }
    }
}
