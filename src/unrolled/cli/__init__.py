"""The command `unrolled`: parse the command line, run a command, and report errors in one line.

torch is imported only when a command trains or evaluates.
"""

import os
import sys
import traceback
from collections.abc import Sequence

from unrolled.cli import commands, parser
from unrolled.errors import UnrolledError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 success, 1 failure, 2 wrong input, 130 or 143 stopped."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        commands.run(parser.parse_command_line([word for word in words if word != "--debug"]))
    except KeyboardInterrupt:
        print("unrolled: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `unrolled ... | head`: the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(f"unrolled: error: {_error_line(error)}", file=sys.stderr)
        return error.exit_code if isinstance(error, UnrolledError) else 1
    return 0


def _error_line(error: Exception) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, UnrolledError):
        return message
    return f"{type(error).__name__}: {message or 'no message'} (run again with --debug for the traceback)"
