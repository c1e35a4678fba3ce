"""The cases of the Autobahn test suite, run by `kosoku`, against our server or our client.

autobahn.py server PORT CASES...     runs the cases against a server that echoes
autobahn.py client CASES...          prints {"listening": PORT} and serves the cases to a client that echoes

CASES are numbers or patterns such as 7.*. Prints a record for each case.
"""

import asyncio
import os
import sys

from kosoku import FailureError, run_fuzzingclient, run_fuzzingserver

from peer import end_with_standard_input, record


def report(results):
    for case in results:
        record(case=case.case_id, passed=case.passed, behavior=case.behavior.value, close=case.behavior_close.value,
               result=case.result, result_close=case.result_close)


async def main(mode, *arguments):
    try:
        if mode == "server":
            port, *cases = arguments
            report(await run_fuzzingclient(f"ws://127.0.0.1:{port}/echo", cases))
        else:
            async with run_fuzzingserver(list(arguments), port=0) as server:
                record(listening=server.port)
                report(await server.get_result())
    except FailureError as failure:
        report(failure.results)


end_with_standard_input()
asyncio.run(main(*sys.argv[1:]))
# The runner's own threads do not end with the interpreter.
sys.stdout.flush()
os._exit(0)
