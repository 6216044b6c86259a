"""One view of the cells: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any

from tqdm import tqdm

from recore.grid.cells import Cell

QUIET = 30  # seconds without a worker after which that is said, and again


class View:
    """Cells that are made, sent to workers and failed, and the time left if the others take as long."""

    def __init__(self, total: int):
        self.total, self.done, self.given_up, self.running = total, 0, 0, 0
        self.on_terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, desc="cells", unit="cell", disable=not self.on_terminal)
        self._started = self._said = time.monotonic()

    def close(self) -> None:
        self._bar.close()

    def note(self, line: str) -> None:
        """A line that stays; nothing for an empty one."""
        if not line:
            return
        if self.on_terminal:
            self._bar.write(f"recore: {line}", file=sys.stderr)
        else:
            print(f"recore: {line}", file=sys.stderr, flush=True)

    def sent(self, cells: int) -> None:
        """So many are with the executor: being made there, or next."""
        self.running = cells
        self._bar.set_postfix({"sent": cells, "failed": self.given_up}, refresh=False)

    def waits(self) -> None:
        """No worker is there: that is said now and then, and until the first cell is made its time does not count."""
        now = time.monotonic()
        if not self.done:
            self._started = now
        if now - self._said >= QUIET:
            self._said = now
            self.note(f"no worker is there; {self.total - self.done - self.given_up} cells wait for one")

    def made(self, cell: Cell, header: dict[str, Any]) -> None:
        self.done += 1
        self._bar.update()
        line = f"{cell} ({self.done} of {self.total}): made in {header['seconds']:.0f} s on {header['host']}"
        left = (time.monotonic() - self._started) / self.done * (self.total - self.done - self.given_up)
        if not self.on_terminal:
            counts = f"{max(self.running - 1, 0)} sent, {self.given_up} failed"
            print(f"{line}; {counts}, about {_span(left)} left", flush=True)

    def failed(self, cell: Cell, said: str) -> None:
        self.given_up += 1
        self.note(f"{cell}: given up, {said}")


def _span(seconds: float) -> str:
    for size, name in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} s"
