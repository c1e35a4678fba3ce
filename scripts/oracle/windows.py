"""The windows of recorded speech on which the models are compared.

A window is (identifier, kind, file, start, end): samples start..<end of a 16 kHz mono int16 WAV file, as floats
(sample / 32768), with no audio before it. Files are named relative to `.eot/`. Wideband windows are cut from
`audio/sample.wav` itself; telephone windows from soxr-HQ 16 kHz copies of 8 kHz prompts, which
`scripts/make_test_data.py` writes, so that every engine sees the very same samples.

Standard library only.
"""

from __future__ import annotations

from typing import NamedTuple

SAMPLE = "audio/sample.wav"
SAMPLE_SHA256 = "c319b4abca767b124e41432d364fd7df006cb26bb79d09326c487d606a134e6e"
SAMPLE_COUNT = 480_000
TELEPHONE_FOLDER = "fixtures/telephone"

# English 8 kHz prompts of Debian's asterisk-core-sounds-en-wav: spoken questions, requests and announcements.
PROMPTS = (
    "agent-alreadyon agent-incorrect agent-newlocation agent-pass agent-user at-tone-time-exactly auth-incorrect "
    "call-fwd-no-ans cannot-complete-as-dialed check-number-dial-again conf-enteringno conf-getchannel "
    "conf-getconfno conf-invalid conf-onlyone conf-waitforleader confbridge-lock-extended confbridge-pin "
    "confbridge-only-participant demo-enterkeywords demo-nogo demo-nomatch demo-thanks dir-first dir-instr "
    "dir-intro dir-nomatch dir-welcome dictate/both_help dictate/enter_filename followme/call-from "
    "followme/options followme/sorry followme/status hello-world if-correct-press im-sorry invalid "
    "one-moment-please pbx-invalid priv-callpending privacy-prompt queue-thankyou queue-youarenext "
    "tt-monkeysintro tt-weasels vm-enter-num-to-call vm-intro vm-mailboxfull vm-opts vm-tocallback vm-youhave"
).split()

# Turns of the sample conversation in seconds (start, end), from the recording's own annotation (sample.rttm).
TURNS = (
    (6.690, 7.120), (7.550, 8.350), (8.320, 10.020), (9.920, 11.030), (10.570, 14.700), (14.490, 17.920),
    (18.050, 21.490), (18.150, 18.590), (21.780, 28.500), (27.850, 30.000),
)


class Window(NamedTuple):
    identifier: str
    kind: str
    file: str
    start: int
    end: int


def _samples(seconds: float) -> int:
    return min(round(seconds * 16_000), SAMPLE_COUNT)


def wideband() -> list[Window]:
    """All audio before many end times, and single turns: cut in mid-phrase, at their end, 0.2 s and 0.5 s later."""
    windows = []
    for step in range(39):
        end = 1.0 + 0.75 * step
        windows.append(Window(f"all-before-{end:.2f}", "wideband", SAMPLE, 0, _samples(end)))
    for index, (start, end) in enumerate(TURNS):
        cuts = {"cut": start + 0.6 * (end - start), "end": end, "pause": end + 0.2, "late": end + 0.5}
        for name, cut in cuts.items():
            first = _samples(max(0.0, start - 0.1))
            if _samples(cut) - first >= 4_800 and (name in ("cut", "end") or cut <= SAMPLE_COUNT / 16_000):
                windows.append(Window(f"turn-{index}-{name}", "wideband", SAMPLE, first, _samples(cut)))
    return windows


def telephone_file(prompt: str) -> str:
    return f"{TELEPHONE_FOLDER}/{prompt.replace('/', '-')}.wav"


def telephone(sample_counts: dict[str, int]) -> list[Window]:
    """Every prompt whole, and cut at 60 % of its length. `sample_counts`: of each 16 kHz copy."""
    windows = []
    for prompt in PROMPTS:
        file = telephone_file(prompt)
        count = sample_counts[file]
        name = prompt.replace("/", "-")
        windows.append(Window(f"{name}-whole", "telephone", file, 0, count))
        windows.append(Window(f"{name}-cut", "telephone", file, 0, count * 6 // 10))
    return windows


class Piece(NamedTuple):
    """A recording that is compared at several sample rates."""

    name: str
    source: str  # a file under .eot/, or the name of a prompt
    start: int  # samples at 16 kHz; unused for prompts
    end: int


RATES = (8_000, 24_000, 44_100, 48_000)
PIECES = (
    Piece("conversation-a", SAMPLE, _samples(6.0), _samples(8.5)),
    Piece("conversation-b", SAMPLE, _samples(8.0), _samples(10.2)),
    Piece("conversation-c", SAMPLE, _samples(10.3), _samples(13.0)),
    Piece("conversation-d", SAMPLE, _samples(10.3), _samples(14.9)),
    Piece("conversation-e", SAMPLE, _samples(14.2), _samples(18.1)),
    Piece("conversation-f", SAMPLE, _samples(18.0), _samples(21.7)),
    Piece("conversation-g", SAMPLE, _samples(21.5), _samples(26.0)),
    Piece("conversation-h", SAMPLE, _samples(18.0), _samples(28.6)),
) + tuple(Piece(p, p, 0, 0) for p in ("agent-user", "dir-first", "followme/sorry", "hello-world", "vm-intro", "tt-weasels"))


def rate_file(piece: Piece, rate: int) -> str:
    return f"fixtures/rates/{piece.name.replace('/', '-')}-{rate}.wav"
