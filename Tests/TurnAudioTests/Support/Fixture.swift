import Foundation
import Testing

/// The expected values beside the tests; scripts/oracle/make_audio_fixtures.py makes them.
enum Fixture {
    static func load<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/\(name)"))
        return try JSONDecoder().decode(Value.self, from: data)
    }

    /// Little-endian float32 values written as base64.
    static func floats(_ base64: String) throws -> [Float] {
        let bytes = [UInt8](try #require(Data(base64Encoded: base64)))
        return stride(from: 0, to: bytes.count, by: 4).map { offset in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) })
        }
    }
}
