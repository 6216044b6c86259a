"""recore: a reproducible benchmark that revisits CORE for session-based recommendation."""


class RecoreError(Exception):
    """A fault of the input, not of the program: one sentence that names the value and the way out.

    Every stage prints it and exits with status 1; nothing else is caught.
    """
