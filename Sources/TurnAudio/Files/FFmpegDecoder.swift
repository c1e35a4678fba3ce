#if os(macOS) || os(Linux)
    import TurnCore

    #if canImport(Darwin)
        import Darwin
    #elseif canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #endif

    /// Decodes a file with the `ffmpeg` of the system, in a process of its own whose output is read as it comes.
    struct FFmpegDecoder {
        private let executable: String

        /// Finds the program.
        ///
        /// - Parameter searchPath: folders separated by colons; nil for the `PATH` of this process.
        init?(searchPath: String?) {
            let folders = searchPath ?? getenv("PATH").map { String(cString: $0) } ?? ""
            let candidates = folders.split(separator: ":").map { "\($0)/ffmpeg" }
            guard let executable = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
            self.executable = executable
        }

        /// Starts decoding the first audio track to a WAV stream of 32-bit floats.
        ///
        /// The file cannot make the program open anything but files: playlists that name network addresses fail.
        ///
        /// - Throws: ``TurnError`` `.inputOutput` when the program cannot be started.
        func decode(_ path: String) throws(TurnError) -> any ByteSource {
            try ProcessByteSource(
                executable: executable,
                arguments: [
                    "ffmpeg", "-nostdin", "-v", "quiet", "-protocol_whitelist", "file,pipe",
                    "-i", "file:\(path)", "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1",
                ])
        }
    }

    /// The standard output of a child process as a ``ByteSource``; the child ends with the source.
    private final class ProcessByteSource: ByteSource {
        private let output: FileByteSource
        private let process: pid_t

        /// - Throws: ``TurnError`` `.inputOutput` when the process cannot be started.
        init(executable: String, arguments: [String]) throws(TurnError) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else {
                throw Self.failure(executable, errno)
            }
            let (readEnd, writeEnd) = (ends[0], ends[1])
            // Without these a child that another thread starts could hold the pipe open.
            _ = fcntl(readEnd, F_SETFD, FD_CLOEXEC)
            _ = fcntl(writeEnd, F_SETFD, FD_CLOEXEC)
            output = FileByteSource(descriptor: readEnd, ownsDescriptor: true, name: "the output of ffmpeg")

            #if canImport(Darwin)
                var actions: posix_spawn_file_actions_t?
            #else
                var actions = posix_spawn_file_actions_t()
            #endif
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, writeEnd, STDOUT_FILENO)
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)

            let words = arguments.map { strdup($0) } + [nil]
            let environment = Self.environment.map { strdup($0) } + [nil]
            defer { for word in words + environment { free(word) } }
            var process: pid_t = 0
            let status = posix_spawn(&process, executable, &actions, nil, words, environment)
            close(writeEnd)
            guard status == 0 else { throw Self.failure(executable, status) }
            self.process = process
        }

        deinit {
            // Reaps a child that has ended, ends one that still works.
            kill(process, SIGKILL)
            var status: Int32 = 0
            _ = SystemCall.retry { waitpid(process, &status, 0) }
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(TurnError) -> Int {
            try output.read(into: buffer)
        }

        /// What a program needs to find its libraries and its temporary folder; nothing else is handed on.
        private static var environment: [String] {
            let names = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"]
            return names.compactMap { (name: String) -> String? in
                getenv(name).map { "\(name)=\(String(cString: $0))" }
            }
        }

        private static func failure(_ executable: String, _ number: Int32) -> TurnError {
            TurnError(
                .inputOutput,
                "cannot start '\(executable)': \(SystemCall.text(of: number)); check the program")
        }
    }
#endif
