import ArgumentParser
import TurnCore
import TurnInference

/// Which instruction set the arithmetic uses.
struct KernelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Instruction set of the arithmetic: \(KernelSet.available.map(\.name).joined(separator: ", ")) here (default: EOT_KERNEL, else the first).",
            valueName: "name"))
    var kernel: String?

    /// What the option, or else `EOT_KERNEL`, names; by default the fastest set.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when this processor has no such set.
    func selected() throws(TurnError) -> KernelSet {
        guard let name = kernel ?? Terminal.environment("EOT_KERNEL") else { return .best }
        return try KernelSet(named: name)
    }

    /// Reads the installed voice-activity model.
    ///
    /// - Throws: ``TurnError`` `.modelMissing`, `.invalidModel`, `.inputOutput`, `.invalidArgument`.
    func loadVoiceActivity() throws(TurnError) -> SileroVAD {
        try SileroVAD(contentsOf: try ModelLocator.requiredPath(of: .sileroVAD), kernels: try selected())
    }
}
