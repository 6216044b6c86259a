"""One thin module per DVC stage: arguments, params, load, call, write."""

import sys
from collections.abc import Callable

from recore import RecoreError


def run(main: Callable[[], None]) -> None:
    """Runs a stage; a fault of the input is one line on stderr and status 1, Ctrl-C is status 130."""
    try:
        main()
    except RecoreError as fault:
        sys.exit(f"recore: {fault}")
    except KeyboardInterrupt:
        print("recore: interrupted; what was not finished will be made again", file=sys.stderr)
        sys.exit(130)
