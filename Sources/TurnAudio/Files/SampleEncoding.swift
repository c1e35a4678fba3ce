import TurnCore

/// How a file or a raw stream writes one sample; all little endian.
public enum SampleEncoding: Sendable, Hashable, CaseIterable {
    /// Unsigned 8-bit PCM around 128.
    case uint8
    /// Signed 16-bit PCM.
    case int16
    /// Signed 24-bit PCM in three bytes.
    case int24
    /// Signed 32-bit PCM.
    case int32
    /// IEEE 754 single precision, full scale -1...1.
    case float32
    /// IEEE 754 double precision, full scale -1...1.
    case float64
    /// ITU-T G.711 A-law.
    case aLaw
    /// ITU-T G.711 mu-law.
    case muLaw

    /// Bytes of one sample.
    public var byteCount: Int {
        switch self {
        case .uint8, .aLaw, .muLaw: 1
        case .int16: 2
        case .int24: 3
        case .int32, .float32: 4
        case .float64: 8
        }
    }

    /// Decodes whole samples: up to 16 bits to `int16`, without loss; the others to `float32`, rounded where 24
    /// bits of mantissa do not suffice. Floats pass as they are, not finite ones too.
    func decode(_ bytes: UnsafeRawBufferPointer) -> AudioFrame.Samples {
        switch self {
        case .uint8: .int16(bytes.map { (Int16($0) - 128) << 8 })
        case .aLaw: .int16(bytes.map { G711.aLaw[Int($0)] })
        case .muLaw: .int16(bytes.map { G711.muLaw[Int($0)] })
        case .int16:
            .int16(Self.map(bytes, 2) { Int16(littleEndian: bytes.field(at: $0)) })
        case .int24:
            .float32(
                Self.map(bytes, 3) { offset in
                    let low = Int32(bytes[offset]) | Int32(bytes[offset + 1]) << 8
                    let value = low | Int32(Int8(bitPattern: bytes[offset + 2])) << 16
                    return Float(value) * (1 / 8_388_608)
                })
        case .int32:
            .float32(
                Self.map(bytes, 4) { Float(Int32(littleEndian: bytes.field(at: $0))) * (1 / 2_147_483_648) })
        case .float32:
            .float32(Self.map(bytes, 4) { Float(bitPattern: UInt32(littleEndian: bytes.field(at: $0))) })
        case .float64:
            .float32(
                Self.map(bytes, 8) { Float(Double(bitPattern: UInt64(littleEndian: bytes.field(at: $0)))) })
        }
    }

    private static func map<Value>(
        _ bytes: UnsafeRawBufferPointer, _ byteCount: Int, _ value: (Int) -> Value
    ) -> [Value] {
        (0..<(bytes.count / byteCount)).map { value($0 * byteCount) }
    }
}

extension UnsafeRawBufferPointer {
    /// An integer at any offset, in the machine's byte order.
    fileprivate func field<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Value {
        loadUnaligned(fromByteOffset: offset, as: Value.self)
    }
}

/// The expansion tables of ITU-T Recommendation G.711, scaled to 16 bits.
private enum G711 {
    static let aLaw: [Int16] = (0..<256).map { code in
        let bits = code ^ 0x55
        let segment = (bits >> 4) & 7
        let step = (bits & 15) << 4
        let magnitude = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1)
        return Int16(bits & 0x80 == 0 ? -magnitude : magnitude)
    }

    static let muLaw: [Int16] = (0..<256).map { code in
        let bits = ~code
        let magnitude = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84
        return Int16(bits & 0x80 == 0 ? magnitude : -magnitude)
    }
}
