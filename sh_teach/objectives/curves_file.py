"""Read a table of recorded curves and check it; a message names the line and the column."""

import csv
import math
from contextlib import suppress

import pandas as pd

FIXED_COLUMNS = ["config_id", "epoch", "validation_error", "seconds"]
OPTIONAL_COLUMNS = ["seed", "test_error"]


def read_curves(path):
    """Return the table of a file; its index are the numbers of the lines."""
    rows = enumerate(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()), start=1)
    lines = {line: row for line, row in rows if row and not row[0].startswith("#")}
    if not lines:
        raise ValueError("it is empty")
    header = [name.strip() for name in lines.pop(min(lines))]
    for line, row in lines.items():
        if len(row) != len(header):
            column = header[len(row)] if len(row) < len(header) else f"number {len(row)}"
            fault = f"it has {len(row)} columns, the header {len(header)}"
            raise ValueError(f"line {line}, column {column!r}: {fault}")
    table = pd.DataFrame.from_dict(lines, orient="index", columns=header)
    return table.map(_value).rename_axis("line")


def _value(text):
    """Return the int, the float or the text that a field contains."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text.strip()


def check_curves(table):
    """Return the names of the hyperparameters and of the columns that tell curves apart."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"table={table!r}: give a DataFrame, or use RecordedCurves.load(...)")
    names = list(table.columns)
    for name in FIXED_COLUMNS + names:
        if names.count(name) != 1:
            raise ValueError(f"column {name!r}: the table must have it once")
    hyperparameters = [name for name in names if name not in FIXED_COLUMNS + OPTIONAL_COLUMNS]
    curve = ["config_id", "seed"] if "seed" in names else ["config_id"]
    if table.empty or not hyperparameters:
        raise ValueError(f"there is no {'row' if table.empty else 'hyperparameter'} in the table")

    def refuse(column, bad, fault):
        if bad.any():
            first = bad.idxmax()
            (value, *_) = table.loc[[first], column].tolist()
            place = f"{table.index.name or 'row'} {first}, column {column!r}"
            raise ValueError(f"{place}: {value!r} {fault}")

    for name in [name for name in names if name not in hyperparameters]:
        refuse(name, table[name].map(lambda value: isinstance(value, str)), "is not a number")
    for name in [*curve, "epoch"]:
        refuse(name, table[name].map(lambda value: value != value // 1), "is not an integer")
    refuse("seconds", ~table["seconds"].between(0, math.inf, "left"), "is not a time")
    first = table.groupby("config_id")[hyperparameters].transform("first")
    for name in hyperparameters:
        refuse(name, table[name].isna() | (table[name] == ""), "is not a hyperparameter")
        refuse(name, table[name] != first[name], "differs from the epoch before")
    doubled = table.drop_duplicates("config_id").duplicated(hyperparameters)
    refuse("config_id", doubled, "has the hyperparameters of a configuration before it")
    epoch, last = table["epoch"], table["epoch"].max()
    refuse("epoch", epoch < 1, "is below 1")
    refuse("epoch", table.duplicated([*curve, "epoch"]), "is there already")
    counts = table.groupby(curve)["epoch"].transform("count")
    refuse("epoch", counts != last, f"belongs to a curve that lacks some epoch of 1 to {last}")
    return hyperparameters, curve
