import Testing
import TurnCore
import TurnTesting
import TurnWire

struct MessageMutationTests {
    /// 100,000 messages with bytes changed, cut, doubled or inserted, from a fixed seed: each is decoded or refused,
    /// and what was decoded encodes and decodes again to itself.
    @Test func `mutated messages never trap`() throws {
        var generator = SeededGenerator(seed: 5)
        let seeds = (MessageVectorTests.client.map(\.0) + MessageVectorTests.server.map(\.0)).map(bytes)
        var decoded = 0
        var refused = 0
        for _ in 0..<100_000 {
            var mutant = seeds.randomElement(using: &generator) ?? []
            for _ in 0...Int.random(in: 0..<4, using: &generator) { mutate(&mutant, using: &generator) }
            do throws(TurnError) {
                if Bool.random(using: &generator) {
                    let message = try ServerMessage(decoding: mutant)
                    exercise(message)
                    let again = try ServerMessage(decoding: message.encoded())
                    // NaN is not equal to itself, so bytes are compared.
                    #expect(try again.encoded() == message.encoded())
                } else {
                    let message = try ClientMessage(decoding: mutant)
                    _ = (message.body, message.createdAt)
                    #expect(try ClientMessage(decoding: message.encoded()).encoded() == message.encoded())
                }
                decoded += 1
            } catch {
                #expect(error.code == .malformedMessage)
                refused += 1
            }
        }
        // Both paths were taken often; the exact figures belong to the seed.
        #expect(decoded > 10_000)
        #expect(refused > 10_000)
    }

    private func exercise(_ message: ServerMessage) {
        guard let body = message.body else { return }
        let copy = ServerMessage(
            body, requestID: message.requestID, createdAt: message.createdAt,
            clientCreatedAt: message.clientCreatedAt)
        // Built anew from the public view of whatever came in.
        _ = try? copy.encoded()
        if let created = message.clientCreatedAt { _ = Duration.seconds(1_700_000_000) - created }
    }

    private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let random = UInt8.random(in: 0...255, using: &generator)
        guard let index = bytes.indices.randomElement(using: &generator) else {
            bytes.append(random)
            return
        }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = random
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.removeSubrange(index...)
        case 3: bytes.insert(random, at: index)
        default: bytes.insert(contentsOf: bytes[index...], at: index)
        }
    }
}
