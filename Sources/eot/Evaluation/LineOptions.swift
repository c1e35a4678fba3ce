import ArgumentParser

/// What is done to recordings before they are scored, to tell what a line costs.
struct LineOptions: ParsableArguments {
    @Flag(help: "Hear the recording through an 8 kHz mu-law telephone channel.")
    var telephone = false

    @Option(
        help: ArgumentHelp(
            "Add white noise, this many decibels below the speech (-20 to 100).", valueName: "db"))
    var snr: Double?

    @Option(help: ArgumentHelp("Fixes the noise.", valueName: "n"))
    var noiseSeed: UInt64 = 1

    func validate() throws {
        if let snr, !(-20...100).contains(snr) {
            throw ValidationError("--snr \(snr) is out of range; use -20 to 100 decibels")
        }
    }

    var settings: LineSettings { LineSettings(telephone: telephone, snr: snr, noiseSeed: noiseSeed) }
}
