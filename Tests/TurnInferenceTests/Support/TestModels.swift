import TurnCore
import TurnInference

/// The models of the tests, each read once.
enum TestModels {
    static let shippedFile = "models/\(ModelFile.smartTurn.fileName)"
    static let float32File = "fixtures/smart-turn-v3.2-float32.onnx"
    static let renamedFile = "fixtures/smart-turn-v3.2-renamed.onnx"
    static let sileroFile = "models/\(ModelFile.sileroVAD.fileName)"

    private static let shipped = Result { try load(shippedFile) }
    private static let float32 = Result { try load(float32File) }
    private static let sileroResult = Result { try SileroVAD(contentsOf: TestData.path(sileroFile)) }

    /// The float32 path of a Smart Turn file, shared by all tests.
    static func smartTurn(_ file: String = shippedFile) throws -> SmartTurnModel {
        switch file {
        case shippedFile: try shipped.get()
        case float32File: try float32.get()
        default: try load(file)
        }
    }

    private static let fastResult = Result {
        try SmartTurnModel(contentsOf: TestData.path(shippedFile), precision: .fast)
    }

    /// The 8-bit path of the shipped file, shared by all tests.
    static func fast() throws -> SmartTurnModel { try fastResult.get() }

    static func silero() throws -> SileroVAD { try sileroResult.get() }

    private static func load(_ file: String) throws -> SmartTurnModel {
        try SmartTurnModel(contentsOf: TestData.path(file), precision: .reference)
    }
}
