"""Life signs of a long run: bars on a terminal, one plain line per epoch elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


class Progress:
    """tqdm over epochs and steps with cases/s, the time left and, on a CPU, the loss (a look at it stalls a GPU)."""

    def __init__(self, name: str, epochs: int):
        self.name = name
        self.on_terminal = sys.stderr.isatty()
        self._epochs = tqdm(total=epochs, desc=name, unit="epoch", disable=not self.on_terminal)
        self._total = epochs

    def close(self) -> None:
        self._epochs.close()

    @contextmanager
    def steps(self, title: str, cases: int) -> Iterator[Callable[..., None]]:
        """Yields ``advance(cases, loss=None)`` for a pass over so many cases."""
        with tqdm(total=cases, desc=title, unit="case", leave=False, disable=not self.on_terminal) as bar:

            def advance(n: int, loss: float | None = None) -> None:
                if loss is not None:
                    bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
                bar.update(n)

            yield advance

    def epoch_done(self, epoch: Any, best: int, metric: str) -> None:
        line = (
            f"{self.name} epoch {epoch.epoch}/{self._total}: loss {epoch.loss:.4f}, "
            f"validation {metric} {100 * epoch.valid[metric]:.3f} (best: epoch {best}), "
            f"{epoch.train_seconds:.1f} s + {epoch.valid_seconds:.1f} s"
        )
        if self.on_terminal:
            self._epochs.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)
        self._epochs.update()
