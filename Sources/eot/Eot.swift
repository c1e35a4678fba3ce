import ArgumentParser

@main
struct Eot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eot", abstract: "Tells when a speaker has finished.")
}
