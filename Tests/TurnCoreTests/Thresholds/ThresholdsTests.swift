import Testing
import TurnCore

/// Rows, and the worked examples E1 to E11 with deviations S-11, S-12 and S-14, by the table of
/// LiveKit's own local model.
@Suite struct ThresholdsTests {
    /// The server's table in most rows.
    static let server = ServerThresholds(
        thresholds: [("en", 0.56), ("ja", 0.37), ("fr", 0.575)], defaultThreshold: 0.5)
    static let serverWithBackchannel = ServerThresholds(
        thresholds: server.thresholds, defaultThreshold: 0.5,
        backchannelThresholds: [("en", 0.62), ("ja", 0.7)], defaultBackchannelThreshold: 0.6)

    private func cloud(
        _ override: ThresholdOverride? = nil, backchannel: ThresholdOverride? = nil,
        server: ServerThresholds? = server
    ) throws -> Thresholds {
        var thresholds = Thresholds(
            local: Thresholds.liveKitMini, usesCloud: true, override: override,
            backchannelOverride: backchannel)
        if let server { try thresholds.adopt(server) }
        return thresholds
    }

    /// Tolerance: the examples are written to six decimals.
    private func expect(
        _ thresholds: Thresholds, _ expected: [(LanguageCode?, Double?)],
        location: SourceLocation = #_sourceLocation
    ) {
        for (language, value) in expected {
            let actual = thresholds.endOfTurn(for: language)
            if let actual, let value {
                #expect(
                    abs(actual - value) <= 5e-7, "\(String(describing: language))", sourceLocation: location)
            } else {
                #expect(actual == value, "\(String(describing: language))", sourceLocation: location)
            }
        }
    }

    @Test func `R-008 a scalar holds before the session`() throws {
        expect(try cloud(.value(0.5), server: nil), [("en", 0.5), ("xx", 0.5)])
    }

    @Test func `R-009 R-032 E2 fallback rescales a scalar`() throws {
        var thresholds = try cloud(.value(0.5))
        expect(thresholds, [("en", 0.5), ("de", 0.5)])
        thresholds.fallBack()
        expect(thresholds, [("en", 0.36 * 0.5 / 0.56), ("ja", 0.398649), ("fr", 0.247826)])
        // S-11: languages that the server does not name keep their own local value.
        expect(thresholds, [("de", 0.245), ("xx", 0.321429)])
    }

    @Test func `R-013 R-018 the server's table`() throws {
        let thresholds = try cloud()
        #expect(thresholds.endOfTurn.values == ["en": 0.56, "ja": 0.37, "fr": 0.575])
        #expect(thresholds.endOfTurn.defaultValue == 0.5)
        expect(thresholds, [("en", 0.56), ("de", 0.5), (nil, 0.56), ("", 0.56)])
    }

    @Test func `R-014 a scalar empties the table`() throws {
        let thresholds = try cloud(.value(0.8))
        #expect(thresholds.endOfTurn.values.isEmpty)
        #expect(thresholds.endOfTurn.defaultValue == 0.8)
    }

    @Test func `R-015 a map goes on top`() throws {
        expect(try cloud(.languages(["en": 0.7])), [("en", 0.7), ("ja", 0.37), ("de", 0.5)])
    }

    @Test func `R-016 keys are base languages, the last wins`() throws {
        expect(try cloud(.languages(["English": 0.7, "en-US": 0.7])), [("en", 0.7)])
        expect(try cloud(.languages(["en-US": 0.6, "English": 0.7])), [("en", 0.7)])
        expect(try cloud(.languages(["English": 0.7, "en-US": 0.6])), [("en", 0.6)])
    }

    @Test func `R-017 pending`() throws {
        let thresholds = try cloud(server: nil)
        expect(thresholds, [("en", nil)])
        #expect(thresholds.supports("en"))
    }

    @Test func `R-019 a map over the server's table`() throws {
        expect(try cloud(.languages(["en": 0.7, "ja": 0.2])), [("en", 0.7), ("ja", 0.2), ("fr", 0.575)])
    }

    @Test(arguments: [nil, 0.8])
    func `R-020 S-03 degenerate defaults change nothing`(scalar: Double?) throws {
        for degenerate in [
            ServerThresholds(thresholds: [], defaultThreshold: 0),
            ServerThresholds(thresholds: [], defaultThreshold: 0.5),
            ServerThresholds(thresholds: [("en", 0.5)], defaultThreshold: 0),
        ] {
            var thresholds = try cloud(scalar.map { value in try .value(value) }, server: nil)
            let before = thresholds.endOfTurn
            let error = #expect(throws: TransportError.self) { try thresholds.adopt(degenerate) }
            #expect(error?.isRetryable == false)
            #expect(thresholds.endOfTurn == before)
        }
    }

    @Test func `R-021 backchannel of the server`() throws {
        let thresholds = try cloud(server: Self.serverWithBackchannel)
        #expect(thresholds.backchannel(for: "en") == 0.62)
        #expect(thresholds.backchannel(for: "de") == 0.6)
        #expect(thresholds.backchannel(for: nil) == 0.62)
    }

    @Test func `R-022 S-13 no backchannel without the server's`() throws {
        #expect(try cloud().backchannel(for: "en") == nil)
        #expect(
            Thresholds(local: Thresholds.liveKitMini, usesCloud: false).backchannel(for: "en") == nil)
        // Both a table and a default are needed.
        for (table, value) in [([("en", 0.6)], 0), ([], 0.6)] as [([(language: String, value: Float)], Float)]
        {
            let server = ServerThresholds(
                thresholds: Self.server.thresholds, defaultThreshold: 0.5, backchannelThresholds: table,
                defaultBackchannelThreshold: value)
            #expect(try cloud(server: server).backchannel(for: "en") == nil)
            #expect(
                try cloud(backchannel: .languages(["en": 0.7]), server: server).backchannel(for: "en") == nil)
        }
    }

    @Test func `R-023 zero disables a language`() throws {
        let server = ServerThresholds(
            thresholds: Self.server.thresholds, defaultThreshold: 0.5, backchannelThresholds: [("en", 0)],
            defaultBackchannelThreshold: 0.6)
        let thresholds = try cloud(server: server)
        #expect(thresholds.backchannel(for: "en") == nil)
        #expect(thresholds.backchannel(for: "de") == 0.6)
    }

    @Test func `R-024 no backchannel after fallback`() throws {
        var thresholds = try cloud(server: Self.serverWithBackchannel)
        thresholds.fallBack()
        #expect(thresholds.backchannel(for: "en") == nil)
    }

    @Test func `R-025 a backchannel scalar holds everywhere`() throws {
        let thresholds = try cloud(backchannel: .value(0.8), server: Self.serverWithBackchannel)
        #expect(thresholds.backchannel(for: "en") == 0.8)
        #expect(thresholds.backchannel(for: "ja") == 0.8)
        #expect(try cloud(backchannel: .value(0)).backchannel(for: "en") == nil)
    }

    @Test(arguments: ["en", "English"] as [LanguageCode])
    func `R-026 a backchannel map goes on top`(key: LanguageCode) throws {
        let override = try ThresholdOverride.languages([key: 0.5])
        let thresholds = try cloud(backchannel: override, server: Self.serverWithBackchannel)
        #expect(thresholds.backchannel(for: "en") == 0.5)
        #expect(thresholds.backchannel(for: "ja") == 0.7)
        #expect(thresholds.backchannel(for: "de") == 0.6)
    }

    @Test func `R-027 a backchannel scalar needs no server`() throws {
        var thresholds = try cloud(backchannel: .value(0.8), server: nil)
        #expect(thresholds.backchannel(for: "en") == 0.8)
        thresholds.fallBack()
        #expect(thresholds.backchannel(for: "en") == 0.8)
    }

    @Test func `R-028 backchannel update`() throws {
        var thresholds = try cloud(server: Self.serverWithBackchannel)
        thresholds.update(backchannelOverride: try .value(0.45))
        #expect(thresholds.backchannel(for: "ja") == 0.45)
    }

    @Test func `R-031 update of a local detector`() throws {
        var thresholds = Thresholds(local: Thresholds.liveKitMini, usesCloud: false)
        thresholds.update(override: try .value(0.42))
        expect(thresholds, [("en", 0.42)])
    }

    @Test func `R-033 S-11 E1 fallback without override gives the local table`() throws {
        var thresholds = try cloud()
        thresholds.fallBack()
        for (language, value) in Thresholds.liveKitMini.values {
            expect(thresholds, [(LanguageCode(language), value)])
        }
        expect(thresholds, [("xx", 0.36)])
    }

    @Test func `R-034 S-11 E3 fallback with a map`() throws {
        var thresholds = try cloud(.languages(["en": 0.55, "ja": 0.25]))
        thresholds.fallBack()
        expect(
            thresholds,
            [("en", 0.353571), ("ja", 0.199324), ("fr", 0.285), ("de", 0.245), ("xx", 0.353571)])
    }

    /// The local model stands in while the service is awaited, or lost for a moment: by the values of a fallback.
    @Test func `S-03 answers of the local model have its own scale at any time`() throws {
        let pending = try cloud(.value(0.42), server: nil)
        #expect(pending.localEndOfTurn.value(for: "de") == 0.42)
        var thresholds = try cloud(nil, server: nil)
        #expect(thresholds.endOfTurn(for: "de") == nil)
        #expect(thresholds.localEndOfTurn.value(for: "de") == 0.245)
        thresholds = try cloud(.languages(["en": 0.55, "ja": 0.25]))
        #expect(thresholds.endOfTurn(for: "ja") == 0.25)
        let standIn = thresholds.localEndOfTurn
        thresholds.fallBack()
        for language in ["en", "ja", "fr", "de", "xx"] as [LanguageCode] {
            #expect(standIn.value(for: language) == thresholds.endOfTurn(for: language))
            #expect(thresholds.localEndOfTurn.value(for: language) == standIn.value(for: language))
        }
    }

    @Test func `R-035 E5 fallback while pending`() throws {
        var thresholds = try cloud(.value(0.42), server: nil)
        thresholds.fallBack()
        expect(thresholds, [("en", 0.42), ("de", 0.42)])
    }

    @Test func `S-11 E4 an override of a language that the server lacks survives`() throws {
        var thresholds = try cloud(.languages(["de": 0.3]))
        expect(thresholds, [("de", 0.3), ("en", 0.56)])
        thresholds.fallBack()
        expect(thresholds, [("de", 0.245 * 0.3 / 0.5), ("en", 0.36)])
    }

    @Test func `E6 a map while pending`() throws {
        var thresholds = try cloud(.languages(["de": 0.3]), server: nil)
        expect(thresholds, [("de", nil)])
        thresholds.fallBack()
        expect(thresholds, [("de", 0.3), ("en", 0.36), ("nl", 0.20)])
    }

    @Test func `S-11 E7 E8 E11 servers without English, or with a zero`() throws {
        let odd = ServerThresholds(thresholds: [("de", 0.5), ("sv", 0.4)], defaultThreshold: 0.45)
        var plain = try cloud(server: odd)
        expect(plain, [("de", 0.5), ("en", 0.45)])
        plain.fallBack()
        expect(plain, [("de", 0.245), ("en", 0.36), ("nl", 0.20), ("sv", 0.36)])

        var scalar = try cloud(.value(0.6), server: odd)
        scalar.fallBack()
        expect(scalar, [("de", 0.294), ("en", 0.48), ("sv", 0.48)])

        var zero = try cloud(
            server: ServerThresholds(thresholds: [("en", 0), ("de", 0.3)], defaultThreshold: 0.45))
        expect(zero, [("en", 0)])
        zero.fallBack()
        expect(zero, [("en", 0.36), ("de", 0.245)])
    }

    @Test func `S-12 E9 an update after fallback is rescaled`() throws {
        var thresholds = try cloud(.value(0.5))
        thresholds.fallBack()
        thresholds.update(override: try .value(0.42))
        expect(thresholds, [("en", 0.36 * 0.42 / 0.56), ("ja", 0.295 * 0.42 / 0.37)])
        thresholds.recover()
        expect(thresholds, [("en", 0.42)])
    }

    @Test func `E10 local from the start, with a map`() throws {
        let thresholds = Thresholds(
            local: Thresholds.liveKitMini, usesCloud: false, override: try .languages(["en": 0.5]))
        expect(thresholds, [("en", 0.5), (nil, 0.5), ("xx", 0.36)])
    }

    @Test func `S-14 effective thresholds stay within 0 and 1, overrides must`() throws {
        var thresholds = try cloud(
            .value(0.9), server: ServerThresholds(thresholds: [("en", 0.3)], defaultThreshold: 0.3))
        thresholds.fallBack()
        expect(thresholds, [("en", 1)])
        for value in [-0.1, 1.1, .nan, .infinity] {
            #expect(throws: TurnError.self) { try ThresholdOverride.value(value) }
            #expect(throws: TurnError.self) { try ThresholdOverride.languages(["en": value]) }
        }
    }

    @Test(arguments: [(0.56, 0.56), (0.12345, 0.1235), (0.99995, 0.9999)] as [(Float, Double)])
    func `values from the wire are rounded to four decimals`(wire: Float, value: Double) throws {
        let server = ServerThresholds(thresholds: [("en", wire)], defaultThreshold: 0.5)
        #expect(try cloud(server: server).endOfTurn(for: "en") == value)
    }

    @Test(arguments: ["multi", "auto", "tlh", "mandarin"] as [LanguageCode])
    func `other languages take the catch-all`(language: LanguageCode) throws {
        expect(try cloud(), [(language, 0.5)])
        let local = Thresholds(local: Thresholds.smartTurn(), usesCloud: false)
        #expect(local.endOfTurn(for: language) == 0.21)
        #expect(local.supports(language))
    }

    @Test func `the local tables`() {
        #expect(Thresholds.liveKitMini.values.count == 14)
        #expect(Thresholds.smartTurn(.patient).values.count == 23)
        #expect(Thresholds.smartTurn(.patient).values.values.allSatisfy { $0 == 0.09 })
    }
}
