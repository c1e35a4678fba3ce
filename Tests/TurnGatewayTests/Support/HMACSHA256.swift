import Crypto
import Foundation

/// Signatures for tokens that the library does not make.
enum HMACSHA256 {
    static func code(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data(bytes), using: SymmetricKey(data: Data(key))))
    }
}
