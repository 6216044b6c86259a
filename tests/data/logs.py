"""Small click logs for the tests of readers: written as text, read back as lists."""

from recore.data.readers import read

NAMED = {"session": "s", "item": "i", "time": "t"}


def csv(**changes):
    return {"format": "delimited", "delimiter": ",", "columns": NAMED, "time": "seconds", "comparable": False} | changes


def visits(**cut):
    """The same for a log that names visitors and no sessions."""
    return csv(columns={"item": "i", "time": "t"}, sessions={"by": "s"} | cut)


def log_of(folder, text, config=None, name="log.csv"):
    """What is read of one file, given as text (then UTF-8) or bytes."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(folder, config or csv())


def lists(log):
    """Sessions as lists of the log's own items."""
    clicks = log.parts["clicks"]
    items = [log.items[int(code)].as_py() for code in clicks.items]
    return [items[a:b] for a, b in zip(clicks.offsets[:-1], clicks.offsets[1:], strict=True)]
