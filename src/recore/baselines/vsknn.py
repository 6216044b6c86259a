"""VS-kNN (Ludewig and Jannach 2018): nearest sessions by shared items, the newest clicks of the prefix first.

As in ``neighbours``, with w(i) = i (``div``: i/n there) or i², and decay(d) = 1/d or 1/d².
"""

from typing import Literal

from recore.baselines.method import Method, with_own
from recore.baselines.neighbours import Nearest, NearestSettings
from recore.data.sessions import Sessions

WEIGHTS = {"div": lambda i: i, "quadratic": lambda i: i**2}
DECAYS = {"div": lambda d: 1.0 / d, "quadratic": lambda d: 1.0 / d**2}


class Settings(NearestSettings):
    weight: Literal["div", "quadratic"] = "div"  # of a click of the prefix, by its position
    decay: Literal["div", "quadratic"] = "div"  # of a neighbour, by the distance of its newest shared item


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    nearest = Nearest(train, n_items, settings, WEIGHTS[settings.weight], DECAYS[settings.decay])
    return lambda batch: with_own(nearest(batch), batch, settings.own)
