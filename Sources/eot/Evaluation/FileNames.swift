/// Names of files for a table's columns and a plot's legend.
enum FileNames {
    /// The files' names without endings, each with as much of its folder as tells it from the others.
    static func short(_ paths: [String]) -> [String] {
        let parts = paths.map { $0.split(separator: "/").map(String.init) }
        return paths.indices.map { index in
            let own = parts[index]
            guard !own.isEmpty else { return paths[index] }
            let count = (1...own.count).first { count in
                let tail = named(own, count)
                return !parts.indices.contains { $0 != index && named(parts[$0], count) == tail }
            }
            return named(own, count ?? own.count)
        }
    }

    /// The last `count` parts of a path, the ending left out.
    private static func named(_ parts: [String], _ count: Int) -> String {
        let joined = parts.suffix(count).joined(separator: "/")
        guard let last = parts.last, let dot = last.lastIndex(of: "."), dot != last.startIndex else {
            return joined
        }
        return String(joined.dropLast(last.distance(from: dot, to: last.endIndex)))
    }
}
