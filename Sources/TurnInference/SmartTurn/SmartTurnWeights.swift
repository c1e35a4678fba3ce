/// All weights of a Smart Turn v3 model, named after their roles.
struct SmartTurnWeights: Sendable {
    struct Norm: Sendable {
        let weight: AlignedBuffer<Float>
        let bias: AlignedBuffer<Float>
    }

    struct Layer: Sendable {
        let attentionNorm: Norm
        let query: LinearWeights
        let key: LinearWeights
        let value: LinearWeights
        let output: LinearWeights
        let feedForwardNorm: Norm
        let expand: LinearWeights
        let contract: LinearWeights
    }

    struct Head: Sendable {
        let finalNorm: Norm
        let pool0: LinearWeights
        let pool2: LinearWeights
        let classifier0: LinearWeights
        let classifierNorm: Norm
        let classifier1: LinearWeights
        let classifier2: LinearWeights
    }

    let conv1: LinearWeights
    let conv2: LinearWeights
    /// [token][width]
    let positions: AlignedBuffer<Float>
    let layers: [Layer]
    let head: Head
}
