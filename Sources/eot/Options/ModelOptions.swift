import ArgumentParser
import TurnCore
import TurnInference

extension SmartTurnModel.Precision: ExpressibleByArgument {}

/// Which end-of-turn model, and how it computes.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "End-of-turn model: a Smart Turn v3 family ONNX file (default: the installed v3.2).",
            valueName: "file"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "How the model computes: 8-bit activations (fast) or float32 (reference).", valueName: "precision"
        ))
    var precision: SmartTurnModel.Precision = .fast

    @Option(help: ArgumentHelp("Threads of one prediction, 1 to 16; for fast only.", valueName: "n"))
    var threads = 1

    @OptionGroup var kernel: KernelOptions

    /// Reads the model.
    ///
    /// - Throws: ``TurnError`` `.modelMissing`, `.invalidModel`, `.inputOutput`.
    func load(_ log: Log) throws(TurnError) -> SmartTurnModel {
        let clock = ContinuousClock()
        let start = clock.now
        let loaded: SmartTurnModel
        let path: String
        if let model {
            path = model
            loaded = try SmartTurnModel(
                contentsOf: path, name: Self.name(ofFileAt: path), precision: precision,
                kernels: try kernel.selected(), threads: threads)
        } else {
            path = try ModelLocator.requiredPath(of: .smartTurn)
            loaded = try SmartTurnModel(
                contentsOf: path, precision: precision, kernels: try kernel.selected(), threads: threads)
        }
        log.info("loaded \(path) in \(((clock.now - start).inSeconds * 1e3).fixed(1)) ms")
        return loaded
    }

    /// What predictions call a model file: the shipped one's own name, or the file's name without its extension.
    private static func name(ofFileAt path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        if file == ModelFile.smartTurn.fileName { return ModelFile.smartTurn.name }
        return file.hasSuffix(".onnx") ? String(file.dropLast(5)) : file
    }
}
