"""What `sources.NAME.read` may say, and the sentence for what it may not."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from recore.schema_read import Delimited

LOG = {
    "format": "delimited",
    "delimiter": ",",
    "columns": {"session": "s", "item": "i", "time": "t"},
    "time": "seconds",
    "comparable": False,
}
VISITORS = LOG | {"columns": {"item": "i", "time": "t"}}


@pytest.mark.parametrize(
    "given",
    [
        LOG | {"where": {"event": ["view"], 3: [0, True, 1.5]}},
        LOG | {"quoting": "none", "missing": "drop", "max_session": 120_000, "files": ["a.csv", "b.csv"]},
        VISITORS | {"sessions": {"by": "u", "gap": "30m"}},
        VISITORS | {"sessions": {"by": 0, "gap": "1d", "new_day": True, "zone": "Europe/Berlin"}},
        LOG | {"time": "%d/%m/%Y %I:%M:%S.%f %p"},
        LOG | {"time": "%d/%b/%Y:%H:%M:%S %z"},
    ],
)
def test_what_a_log_may_be(given):
    assert TypeAdapter(Delimited).validate_python(given).model_dump(exclude_unset=True) == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (VISITORS, "needs either `columns.session` or `sessions`"),
        (LOG | {"sessions": {"by": "u", "gap": "30m"}}, "needs either `columns.session` or `sessions`"),
        (VISITORS | {"sessions": {"by": "u"}}, 'needs `gap` (as "30m") or `new_day: true`, or both'),
        (VISITORS | {"sessions": {"by": "u", "gap": "1h", "zone": "Asia/Tokyo"}}, "`zone` is that of `new_day`"),
        (VISITORS | {"sessions": {"by": "u", "new_day": True, "zone": "Berlin"}}, "'Berlin' is no time zone"),
        (VISITORS | {"sessions": {"by": "u", "gap": "30min"}}, 'a gap is a number with s, m, h or d, as "30m"'),
        (VISITORS | {"sessions": {"by": "u", "gap": 1800}}, 'a gap is a number with s, m, h or d, as "30m"'),
        (VISITORS | {"sessions": {"by": "u", "gap": "1h"}, "max_session": 5}, "`max_session` is for logs with"),
        (LOG | {"max_session": 0}, "greater than or equal to 1"),
        (LOG | {"files": ["a.csv", "a.csv"]}, "`files` names one of a.csv, a.csv twice"),
        (LOG | {"where": {"event": "view"}}, "gives the values to keep as a list, as [view, click], not 'view'"),
        (LOG | {"where": {"event": [None]}}, "gives the values to keep as a list"),
        (LOG | {"time": "%Q"}, "'%Q' is no form of a time; give seconds, milliseconds,"),
        (LOG | {"time": "hours"}, "'hours' is no form of a time"),
        (LOG | {"time": "%H:%M"}, "'%H:%M' is no form of a time"),
        (LOG | {"time": "%m/%d/%Y %H:%m"}, "'%m/%d/%Y %H:%m' is no form of a time"),
    ],
)
def test_what_it_may_not(given, said):
    with pytest.raises(ValidationError, match=re.escape(said)):
        TypeAdapter(Delimited).validate_python(given)
