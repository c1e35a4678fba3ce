import Foundation
import Testing
import TurnAudio
import TurnCore

/// Every encoding, container and channel count against libsndfile.
@Suite struct WAVZooTests {
    struct Animal: Decodable, CustomTestStringConvertible {
        let name: String
        let rate: Int
        let channels: Int
        let bytes: String
        let samples: String

        var testDescription: String { name }
        var file: [UInt8] { [UInt8](Data(base64Encoded: bytes)!) }
    }

    static let zoo: [Animal] = try! Fixture.load("wav-zoo.json")

    @Test(arguments: zoo)
    func `decodes as libsndfile does, to the bit`(animal: Animal) throws {
        let expected = try Fixture.floats(animal.samples)
        for pieces in [1, 3, 4096] {
            let reader = try AudioFileReader(wav: MemoryByteSource(animal.file))
            #expect(try reader.format == AudioFormat(sampleRate: animal.rate, channelCount: animal.channels))
            #expect(reader.declaredSampleCount == expected.count / animal.channels)
            #expect(try reader.readAll(maximumSampleCount: pieces) == expected)
        }
    }

    @Test(arguments: zoo)
    func `drip-feed changes nothing`(animal: Animal) throws {
        let expected = try Fixture.floats(animal.samples)
        for largestRead in [1, 2, 3, 7, 13] {
            let source = MemoryByteSource(animal.file, largestRead: largestRead)
            #expect(try AudioFileReader(wav: source).readAll() == expected, "\(largestRead) bytes a read")
        }
    }

    @Test(arguments: zoo)
    func `of a file cut anywhere what is there counts`(animal: Animal) throws {
        let expected = try Fixture.floats(animal.samples)
        let file = animal.file
        for length in 0..<file.count {
            let reader: AudioFileReader
            do throws(TurnError) {
                reader = try AudioFileReader(wav: MemoryByteSource(Array(file[..<length])))
            } catch {
                #expect(error.code == .invalidAudio)
                continue
            }
            let samples = try reader.readAll()
            #expect(samples == Array(expected.prefix(samples.count)), "\(length) bytes")
            #expect(samples.count.isMultiple(of: animal.channels))
        }
    }

    @Test func `the zoo has every encoding`() throws {
        let encodings = try Set(Self.zoo.map { try AudioFileReader(wav: MemoryByteSource($0.file)).encoding })
        #expect(encodings == Set(SampleEncoding.allCases))
    }

    @Test(arguments: [(SampleEncoding.aLaw, "aLaw"), (.muLaw, "muLaw")])
    func `all codes of G711`(encoding: SampleEncoding, name: String) throws {
        let tables: [String: [Int16]] = try Fixture.load("g711.json")
        let format = try AudioFormat(sampleRate: 8_000)
        let reader = AudioFileReader(raw: encoding, format: format, from: MemoryByteSource(Array(0...255)))
        #expect(try reader.readFrame()?.samples == .int16(try #require(tables[name])))
        #expect(try reader.readFrame() == nil)
    }
}
