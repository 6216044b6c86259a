"""recore reads and writes YAML as DVC does: the same file has the same values for both."""

import subprocess
import sys

import pytest
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from hypothesis import given
from hypothesis import strategies as st

from recore import RecoreError, yaml12

# By YAML 1.2. The comment says what 1.1 makes of those that it reads otherwise.
VALUES = {
    "0.00001": 1e-5,
    "1e-05": 1e-5,  # text
    "1e-5": 1e-5,  # text
    "1.0e-12": 1e-12,
    "1E5": 1e5,  # text
    "+.5": 0.5,  # text
    "1.5e3": 1500.0,  # text
    "1e400": float("inf"),
    ".inf": float("inf"),
    "inf": "inf",
    "010": 10,  # 8
    "08": 8,  # text
    "0o10": 8,  # text
    "0x1F": 31,
    "0b11": 3,
    "1_000": 1000,
    "1:30": "1:30",  # 90
    "yes": "yes",  # true
    "off": "off",  # false
    "y": "y",
    "TRUE": True,
    "~": None,
    "'1e-5'": "1e-5",
    '"010"': "010",
    "!!str 010": "010",
    "!!float 1": 1.0,
    "\t5": 5,  # a parser in Python refuses this tab, the one in C does not
}
AS_DVC = [*VALUES, ".nan", "-.Inf", "1._", "._5", "0_1", "-_1", "1e_5", "2020-01-01", "2020-01-01T10:00:00Z", "", "{}"]
AS_DVC += ["[1, 1e-5]", "!!binary aGk=", "!!set {a}", "{<<: {a: 1, b: 2}, b: 3}", "[&x 1e-5, *x]", "|\n  010\n"]
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | PRINTABLE | st.sampled_from([*VALUES])
)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(PRINTABLE, inner), max_leaves=8)


@pytest.mark.parametrize(("spelling", "value"), VALUES.items())
def test_a_scalar_is_what_yaml_1_2_says(spelling, value):
    read = yaml12.parse(f"v: {spelling}\n", "a.yaml")["v"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("spelling", AS_DVC)
def test_dvc_reads_the_same(spelling):
    text = f"v: {spelling}\n"
    assert repr(yaml12.parse(text, "a.yaml")) == repr(parse_yaml(text, "a.yaml"))  # of nan too, and of types


@pytest.mark.parametrize("text", ["", "# nothing\n", "%YAML 1.1\n---\nv: [010, yes]\n", "\ufeffv: 010\n"])
def test_dvc_reads_the_same_document(text):
    assert yaml12.parse(text, "a.yaml") == parse_yaml(text, "a.yaml")


@given(st.dictionaries(PRINTABLE, TREES, max_size=4))
def test_what_is_written_is_read_as_the_same_by_both(tree):
    text = yaml12.dump(tree)
    assert yaml12.parse(text, "a.yaml") == tree
    assert parse_yaml(text, "a.yaml") == tree


def test_keys_stay_in_their_order_and_long_values_beside_their_key():
    url = "https://example.org/" + "folder/" * 30
    assert yaml12.dump({"z": {"url": url}, "a": [[1, 2], 1e-12]}) == f"z:\n  url: {url}\na:\n- - 1\n  - 2\n- 1e-12\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", 'line 3, column 1: found duplicate key "a"; keep one of the two'),
        ("a:\n  b: {c: 1}\n  b: {c: 2}\n", 'line 3, column 3: found duplicate key "b"; keep one of the two'),
        ("a: {b: 1, b: 1}\n", 'line 1, column 11: found duplicate key "b"; keep one of the two'),
        ("a: [1\nb: }", "line 2, column 2: while parsing a flow sequence, did not find expected"),
        ("a: 1\n---\nb: 2\n", "expected a single document in the stream, but found another document"),
        ("a: !secret 3\n", "line 1, column 4: could not determine a constructor for the tag '!secret'"),
        ("a: \x07\n", "unacceptable character"),
    ],
)
def test_what_is_no_yaml_is_one_sentence_and_refused_by_dvc(text, sentence):
    with pytest.raises(RecoreError) as fault:
        yaml12.parse(text, "a.yaml")
    assert str(fault.value).startswith("a.yaml is not YAML: ")
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)
    with pytest.raises(YAMLFileCorruptedError):
        parse_yaml(text, "a.yaml")


@pytest.mark.parametrize("value", ["2020-13-45", "0x_", "!!int x", "!!bool maybe", "!!int ''"])
def test_what_only_looks_like_a_value_is_one_sentence(value):
    with pytest.raises(RecoreError, match=r"^a\.yaml has a value that is not YAML: .*; put quotes around it[^\n]*$"):
        yaml12.parse(f"a: {value}\n", "a.yaml")


def test_a_file_is_read_as_utf_8(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes("city: Köln\n".encode())
    assert yaml12.read(file) == {"city": "Köln"}
    file.write_bytes("city: Köln\n".encode("latin-1"))
    with pytest.raises(RecoreError, match=r"it is not UTF-8 .*; save it as UTF-8$"):
        yaml12.read(file)


def test_it_does_without_dvc_and_pyyaml():
    hidden = "import sys; sys.modules.update(dvc=None, yaml=None); import recore.params, recore.reporting.page.report"
    subprocess.run([sys.executable, "-c", hidden], check=True)
