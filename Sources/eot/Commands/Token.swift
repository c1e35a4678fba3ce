import ArgumentParser
import TurnCloud
import TurnCore
import TurnWire

struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an access token for a gateway.",
        discussion: """
            Prints a JSON Web Token (HS256) for inference, to stand after "Authorization: Bearer ". Whoever has it may \
            use the gateway until it ends.

            EXAMPLES:
              eot token --ttl 3600
              curl -H "Authorization: Bearer $(eot token)" http://localhost:8080/v1/predict ...
            """)

    @OptionGroup var credentials: CredentialOptions

    @Option(help: ArgumentHelp("Seconds that the token is valid.", valueName: "s"))
    var ttl = 600

    func run() throws {
        let (key, secret) = try credentials.resolve()
        guard (1...31_536_000).contains(ttl) else {
            throw TurnError(
                .invalidArgument, "--ttl \(ttl) is out of range; use 1 to 31536000 seconds (a year)")
        }
        let token = try AccessToken.mint(
            apiKey: key, apiSecret: secret, now: WallClock.now(), timeToLive: .seconds(ttl))
        var output = StandardOutput()
        try output.write(line: token)
        try output.flush()
    }
}
