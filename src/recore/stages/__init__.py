"""One thin module per DVC stage: arguments, params, load, call, write."""

import errno
import os
import sys
from collections.abc import Callable

from recore import RecoreError

ROOM, RIGHT = "make room there", "give this user the right to it"
WAYS_OUT = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EACCES: RIGHT,
    errno.EPERM: RIGHT,
    errno.EROFS: "work in a folder that can be written",
}
# What PyTorch says; it has no exception of its own on a CPU.
NO_MEMORY = ("can't allocate memory", "out of memory")


def run(main: Callable[[], None]) -> None:
    """Runs a stage; a fault of the input or the machine is one line on stderr and status 1, Ctrl-C is status 130.

    A reader that has had enough, like ``head``, is no fault: status 141, as if by SIGPIPE, and nothing is said.
    """
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at the end
        sys.exit(141)
    except RecoreError as fault:
        sys.exit(f"recore: {fault}")
    except OSError as fault:
        if fault.filename is None:
            raise
        said, way_out = fault.strerror or fault, WAYS_OUT.get(fault.errno, "mend that and run this again")
        sys.exit(f"recore: {fault.filename} cannot be read or written ({said}); {way_out}")
    except (MemoryError, RuntimeError) as fault:
        if not isinstance(fault, MemoryError) and not any(words in str(fault) for words in NO_MEMORY):
            raise
        said = " ".join(str(fault).split()) or type(fault).__name__
        sys.exit(
            f"recore: memory is full ({said}); close other programs, lower `batch_size` in `train` and `evaluate`, or "
            "use a larger machine"
        )
    except KeyboardInterrupt:
        print("recore: interrupted; what was not finished will be made again", file=sys.stderr)
        sys.exit(130)
