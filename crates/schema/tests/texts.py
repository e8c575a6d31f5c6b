"""Writes texts.parquet: a table as the Hugging Face hub has them, small. Needs pyarrow."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table(
    {
        "number": pa.array([1, 2, 3], pa.int64()),
        "body": pa.array(["The first row.", None, "Zeile zwei,\nmit Umbruch."], pa.string()),
        "url": pa.array(["a", "b", "c"], pa.large_string()),
        "when": pa.array([datetime.datetime(2026, 1, day) for day in (1, 2, 3)], pa.timestamp("us", tz="UTC")),
        "tags": pa.array([["x", "y"], [], None], pa.list_(pa.string())),
        "meta": pa.array([{"score": 0.5, "source": "s"}] * 3, pa.struct({"score": pa.float64(), "source": pa.string()})),
        "label": pa.array(["p", "q", "p"]).dictionary_encode(),
    }
)
pq.write_table(table, "texts.parquet", row_group_size=2, compression="zstd")
