/// A model file that this project is made for: where it comes from and how to tell it is the right one.
public struct ModelFile: Sendable, Hashable {
    /// Short name and version of the model.
    public let name: String
    public let fileName: String
    public let byteCount: Int
    /// Lowercase hexadecimal.
    public let sha256: String
    /// SPDX identifier.
    public let licence: String
    /// The PyPI package that carries the file, and its version.
    public let package: String
    public let packageVersion: String

    /// Smart Turn v3.2, int8 weights (Daily, BSD-2-Clause).
    public static let smartTurn = ModelFile(
        name: "smart-turn-v3.2",
        fileName: "smart-turn-v3.2-cpu.onnx",
        byteCount: 8_679_182,
        sha256: "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        licence: "BSD-2-Clause",
        package: "pipecat-ai",
        packageVersion: "1.14.0")

    /// Silero VAD v6, 16 kHz (Silero Team, MIT).
    public static let sileroVAD = ModelFile(
        name: "silero-vad-v6",
        fileName: "silero_vad_16k_op15.onnx",
        byteCount: 1_289_603,
        sha256: "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        licence: "MIT",
        package: "silero-vad",
        packageVersion: "6.2.3")

    /// Every file, in the order in which to list them.
    public static let all: [ModelFile] = [smartTurn, sileroVAD]
}
