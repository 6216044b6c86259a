"""The section of two periods and its sentences, as they are printed."""

from types import SimpleNamespace

import pandas as pd

from recore.reporting.windows import windows_notes, windows_table

MINUS = "\N{MINUS SIGN}"


def windows(**columns) -> pd.DataFrame:
    base = {"datasets": ["newest", "before"], "a": "da", "b": "trm", "metric": "mrr@20", "level": "confirmed"}
    base |= {"deltas": [0.0123, -0.001], "verdicts": ["better", "inconclusive"], "replicated": "not replicated"}
    return pd.DataFrame([base | columns])


def test_a_row_holds_every_period_newest_first():
    assert windows_table(windows(), ["mrr@20"]).to_dict("records") == [
        {
            "Periods, newest first": "newest, before",
            "Comparison": f"da {MINUS} trm",
            "Metric": "MRR@20",
            "Δ (points)": f"+1.23, {MINUS}0.10",
            "Verdicts": "▲ better, inconclusive",
            "Replicated": "not replicated",
        }
    ]


def test_metrics_stand_in_the_order_asked_for_and_others_not():
    table = pd.concat([windows(), windows(metric="recall@20"), windows(metric="ndcg@20")])
    assert windows_table(table, ["recall@20", "mrr@20"])["Metric"].tolist() == ["Recall@20", "MRR@20"]
    assert windows_table(table.iloc[:0], ["mrr@20"]).empty


def test_no_verdict_is_told_by_its_reason():
    few = {"verdicts": ["", ""], "replicated": ""}
    tables = (
        windows(verdicts=["inconclusive", "fragile"], replicated=""),
        windows(level="exploratory", **few),
        windows(level="n/a", **few),
    )
    cells = [windows_table(table, ["mrr@20"]).iloc[0][["Verdicts", "Replicated"]].tolist() for table in tables]
    assert cells == [
        ["inconclusive, † fragile", "no verdict"],
        ["none, none", "none: exploratory"],
        ["none, none", "n/a"],
    ]


def evidence(table, logs, synthetic=(), across=1):
    return SimpleNamespace(
        windows=table, logs=logs, synthetic=list(synthetic), across=pd.DataFrame({"a": ["da"] * across})
    )


def test_the_sentences_stand_only_where_they_are_needed():
    nothing = windows().iloc[:0]
    assert windows_notes(evidence(nothing, [])) == []
    log = ["newest", "before"]
    about, counted = windows_notes(evidence(windows(), [log]))
    assert about.startswith("Two periods of one log: replicated means that every period shows the same")
    assert "another training sample and another period. It adds no other shop" in about
    assert counted == (
        "Across datasets counts newest and before as one dataset each, but they are parts of one log: the mean leans "
        "towards that log, and the counts are not of different logs."
    )
    assert windows_notes(evidence(nothing, [log])) == [counted]  # they overlap
    assert windows_notes(evidence(windows(), [log], synthetic=log)) == [about]
    assert windows_notes(evidence(windows(), [log], across=0)) == [about]
