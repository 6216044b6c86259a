"""The rows of docs/DATA.md are rows that params.yaml accepts, and each reads a log of the format that it is for."""

import pickle
import re
from pathlib import Path

import pandas as pd
import pytest

from recore import params, yaml12
from recore.data.public import files_of
from recore.data.readers import read
from recore.significance.windows import windows_of

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8"), re.DOTALL)
EXAMPLES = {name: row for block in BLOCKS for name, row in yaml12.parse(block, "DATA.md").items()}

DAY, MINUTE = 86_400_000, 60_000
RETAILROCKET = f"""timestamp,visitorid,event,itemid,transactionid
{DAY + 31 * MINUTE},7,view,12,
{DAY},7,addtocart,11,
{2 * DAY + 29 * MINUTE},8,view,10,
{DAY},7,view,11,
{2 * DAY - 1},8,view,10,
{2 * DAY - 1},8,view,12,
{DAY + 2},7,transaction,11,4
"""
DIGINETICA = """{};{};{};timeframe;eventdate
1;NA;62;5000;2016-05-09
1;NA;63;10000;2016-05-09
1;NA;61;900;2016-05-09
2;NA;62;40;2016-05-10
"""
OCTOBER = """event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-10-01 00:00:00 UTC,view,1003461,2053013555631882655,electronics.smartphone,xiaomi,489.07,520088904,4d3b30da
2019-10-31 23:59:59 UTC,cart,5000088,2053013566100866035,,janome,293.65,530496790,8e5f4f83
2019-10-31 23:59:59 UTC,view,5000088,2053013566100866035,,janome,293.65,530496790,8e5f4f83
"""
NOVEMBER = """event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-11-01 00:00:00 UTC,view,17302664,2053013553853497655,,creed,28.31,561587266,
2019-11-01 00:00:01 UTC,view,1003461,2053013555631882655,electronics.smartphone,xiaomi,489.07,530496790,8e5f4f83
2019-11-01 00:00:02 UTC,purchase,5000088,2053013566100866035,,janome,293.65,530496790,8e5f4f83
"""
LASTFM = """user_000001\t2009-05-04T23:39:00Z\ta1\tThe "Heavy\tt1\tSet Yourself Free
user_000001\t2009-05-04T23:09:00Z\ta2\tDeep Dish\t\t12" Mix
user_000001\t2009-05-04T23:08:57Z\ta3\t坂本龍一\tt2\tComposition 0919
user_000001\t2009-05-04T22:38:56Z\t\t"Minus 8\tt3\tElysian Fields"
"""
SHOP = {
    "session_id": ["a", "b", "a"],
    "product": ["p", "q", "q"],
    "clicked_at": [f"2024-05-01T00:00:0{second}" for second in (3, 1, 2)],
}
# Of each row: the files of its format, and the sessions in them.
LOGS = {
    "shop": ({"shop.csv": pd.DataFrame(SHOP).to_csv(index=False)}, [["q", "p"], ["q"]]),
    "shop_parquet": (
        {"shop.parquet": pd.DataFrame(SHOP | {"clicked_at": [3, 1, 2]}).to_parquet()},
        [["q", "p"], ["q"]],
    ),
    "retailrocket_raw": ({"events.csv": RETAILROCKET}, [[11, 12], [10, 12], [10]]),
    "retailrocket_30m": ({"events.csv": RETAILROCKET}, [[11], [12], [10, 12, 10]]),
    "tmall_raw": (
        {
            "dataset15.csv": "UserId\tItemId\tSessionId\tTime\n"
            "3\t51\t120000\t1400000002.0\n3\t52\t120000\t1400000002.0\n4\t51\t120001\t1400000003.0\n"
        },
        [[51, 52]],
    ),
    "nowplaying_raw": (
        {"nowplaying.csv": "UserId\tSessionId\tItemId\tTime\n3\t8\t51\t1400000002\n3\t8\t52\t1400000003\n"},
        [[51, 52]],
    ),
    "yoochoose_raw": (
        {
            "yoochoose-clicks.dat": "1,2014-05-01T10:00:00.100Z,71,0\n1,2014-05-01T10:00:00.090Z,72,S\n"
            "2,2014-05-01T10:05:00.000Z,71,0\n"
        },
        [[72, 71], [71]],
    ),
    "diginetica_raw": (
        {"train-item-views.csv": DIGINETICA.format("sessionId", "userId", "itemId")},
        [[61, 62, 63], [62]],
    ),
    "rees46_raw": ({"2019-Oct.csv": OCTOBER, "2019-Nov.csv": NOVEMBER}, [[1003461], [5000088, 1003461]]),
    "lastfm_raw": ({"plays.tsv": LASTFM}, [["a3", "a2", "a1"]]),
    "yoochoose64_newest": ({"all_train_seq.txt": pickle.dumps([[1, 2], [2, 3]])}, [[1, 2], [2, 3]]),
    "yoochoose64_before": ({"all_train_seq.txt": pickle.dumps([[1, 2], [2, 3]])}, [[1, 2], [2, 3]]),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    tree = yaml12.read(ROOT / "params.yaml")
    tree["sources"] |= EXAMPLES
    tree["datasets"] = list(EXAMPLES)
    file = tmp_path_factory.mktemp("documentation") / "params.yaml"
    file.write_text(yaml12.dump(tree), encoding="utf-8")
    return params.load(file)


def test_the_windows_are_two_of_one_log():
    assert windows_of(EXAMPLES, list(EXAMPLES)) == [["yoochoose64_newest", "yoochoose64_before"]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_row_to_paste_reads_its_format(loaded, tmp_path, name):
    files, expected = LOGS[name]
    assert list(files) == list(files_of(EXAMPLES[name]["fetch"]))
    for file, content in files.items():
        (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    parts, vocabulary, _ = read(tmp_path, loaded.at(f"sources.{name}.read"))
    clicks, items = parts["clicks"], vocabulary.to_pylist()
    ends = zip(clicks.offsets[:-1], clicks.offsets[1:], strict=True)
    assert [[items[code] for code in clicks.items[begin:end]] for begin, end in ends] == expected


def test_every_source_is_described():
    tree = yaml12.read(ROOT / "params.yaml")
    text = (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8")
    assert [name for name in tree["sources"] if f"`{name}`" not in text] == []
