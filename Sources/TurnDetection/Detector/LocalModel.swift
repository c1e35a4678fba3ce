public import TurnCore

/// The model on this device that a detector uses: at once, or loaded when it is first needed.
public struct LocalModel: Sendable {
    /// Short name and version, such as `smart-turn-v3.2`.
    public let name: String
    /// Samples at 16 kHz that one prediction looks at, at most.
    public let windowSampleCount: Int
    let load: @Sendable () throws -> any TurnModel

    /// A model that is loaded already.
    public init(_ model: any TurnModel) {
        name = model.name
        windowSampleCount = model.windowSampleCount
        load = { model }
    }

    /// A model that is loaded once, when the first prediction needs it or a stream falls back to it.
    ///
    /// - Parameters:
    ///   - name: what it will be called.
    ///   - windowSampleCount: samples at 16 kHz that it looks at; 8 s, as Smart Turn, by default.
    ///   - load: makes it; an error counts for the prediction, and degrades a stream that fell back (S-09).
    public init(
        name: String, windowSampleCount: Int = 128_000,
        load: @escaping @Sendable () throws -> any TurnModel
    ) {
        self.name = name
        self.windowSampleCount = windowSampleCount
        self.load = load
    }
}

/// A ``LocalModel`` that is loaded once for all streams of a detector.
final class LoadedModel: Sendable {
    let source: LocalModel
    private let model = Lock<Result<any TurnModel, TurnError>?>(nil)

    init(_ source: LocalModel) { self.source = source }

    /// The model; who comes while it is being loaded waits. A failed attempt is not repeated.
    func get() throws(TurnError) -> any TurnModel {
        let result = model.withLock { model in
            if let model { return model }
            let loaded: Result<any TurnModel, TurnError>
            do {
                loaded = .success(try source.load())
            } catch let error as TurnError {
                loaded = .failure(error)
            } catch {
                loaded = .failure(
                    TurnError(.invalidModel, "\(source.name) could not be loaded: \(error)", cause: error))
            }
            model = loaded
            return loaded
        }
        return try result.get()
    }
}
