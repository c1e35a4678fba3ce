import CTurnKernels
import TurnCore

/// The compute kernels of one instruction set.
///
/// A model takes ``best`` unless told otherwise; naming one serves tests, comparisons and the hunt for a
/// processor's bug. All sets give the same answers: what the 8-bit path quantises is the same to the last bit
/// in every set, so that nothing is there to be amplified, and float32 sums differ by rounding.
public struct KernelSet: Sendable, Hashable, CustomStringConvertible {
    /// `avx512vnni`, `avxvnni`, `avx2`, `neon_i8mm`, `neon_dotprod`, `neon` or `scalar`.
    public let name: String
    private let reference: Reference

    /// Points to a constant of the kernel library, which nobody ever writes to.
    private struct Reference: @unchecked Sendable, Hashable {
        let table: UnsafePointer<turn_kernels>
    }

    /// The fastest set that this processor runs.
    public static let best = KernelSet(turn_kernels_best())

    /// The names that this build knows, fastest first; `scalar`, the last, runs everywhere.
    public static let allNames: [String] = {
        var names: [String] = []
        while let name = turn_kernels_name(names.count) { names.append(String(cString: name)) }
        return names
    }()

    /// The sets that this processor runs, fastest first.
    public static let available: [KernelSet] = allNames.compactMap {
        turn_kernels_named($0).map(KernelSet.init)
    }

    /// The set of that name.
    ///
    /// - Throws: ``TurnError`` `.invalidArgument` when there is none or this processor cannot run it.
    public init(named name: String) throws(TurnError) {
        guard let table = turn_kernels_named(name) else {
            let usable = Self.available.map(\.name).joined(separator: ", ")
            throw TurnError(
                .invalidArgument, "this processor has no kernels named \(name); use one of \(usable)")
        }
        self.init(table)
    }

    private init(_ table: UnsafePointer<turn_kernels>) {
        name = String(cString: table.pointee.name)
        reference = Reference(table: table)
    }

    var table: UnsafePointer<turn_kernels> { reference.table }

    public var description: String { name }
}
