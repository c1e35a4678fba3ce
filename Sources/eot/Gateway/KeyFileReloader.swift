import Logging
import ServiceLifecycle
import TurnCore
import TurnGateway
import UnixSignals

/// Reads the key file again whenever SIGHUP comes. A file that cannot be used leaves the keys as they are.
struct KeyFileReloader: Service {
    let keys: GatewayKeys
    let path: String
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do throws(TurnError) {
                try keys.replace(try Self.secrets(ofFileAt: path))
                logger.info("keys reloaded")
            } catch {
                logger.error("keys not reloaded", metadata: ["error": "\(error.message)"])
            }
        }
    }

    /// - Throws: ``TurnError`` `.fileMissing`, `.inputOutput`, `.invalidArgument`.
    static func secrets(ofFileAt path: String) throws(TurnError) -> [String: String] {
        let bytes = try FileInput.read(contentsOf: path, limit: 1 << 20)
        return try GatewayKeys.secrets(ofFile: String(decoding: bytes, as: UTF8.self))
    }
}
