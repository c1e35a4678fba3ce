"""What all peers share: records on standard output, and an end when standard input ends."""

import json
import os
import threading


def record(**fields):
    """One JSON line, for the test to read."""
    print(json.dumps(fields, sort_keys=True), flush=True)


def end_with_standard_input():
    """A peer must not outlive the test that started it."""

    def watch():
        # Not through sys.stdin: a thread that holds its lock would abort a peer that ends on its own.
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
