"""The command `unrolled`: reads words, calls the rest, and says plainly what went wrong.

Nothing here imports torch until there is something to train or to measure.
"""

import os
import sys
import traceback
from collections.abc import Sequence

from unrolled.cli import commands, parser
from unrolled.errors import UnrolledError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 bad input, 130 or 143 stopped."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        commands.run(parser.read([word for word in words if word != "--debug"]))
    except KeyboardInterrupt:
        print("unrolled: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `unrolled ... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(f"unrolled: error: {_line(error)}", file=sys.stderr)
        return error.exit_code if isinstance(error, UnrolledError) else 1
    return 0


def _line(error: Exception) -> str:
    told = " ".join(str(error).split())
    if isinstance(error, UnrolledError):
        return told
    return f"{type(error).__name__}: {told or 'no message'} (run again with --debug for the traceback)"
