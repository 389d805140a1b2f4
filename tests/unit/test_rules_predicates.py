"""Conditions: true where SQLite says so, whatever is not known; and what is refused, in words."""

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from schemas.features import FEATURE_NAMES
from stream.rules.predicates import LONGEST, Predicates
from stream.rules.program import Program

NAMES = ("a", "b", "c")
UNKNOWN = float("nan")
# Halves and small whole numbers: float32 here and float64 there work out the same.
VALUES = st.one_of(st.none(), st.integers(-6, 6).map(lambda n: n / 2))
CONSTANTS = st.integers(-6, 6).map(lambda n: f"{n / 2}" if n >= 0 else f"({n / 2})")


def truths(condition: str, rows: NDArray[np.float32]) -> list[bool]:
    """Where a condition over NAMES is true."""
    program = Program()
    place = Predicates(NAMES, program).add(condition)
    [found] = program.run(rows, [place])
    return [bool(one) for one in found]


def rows_of(values: list[tuple[float | None, ...]]) -> NDArray[np.float32]:
    """Rows of features, None as NaN."""
    known = [[UNKNOWN if v is None else v for v in row] for row in values]
    return np.array(known, np.float32).reshape(-1, len(NAMES))


numbers = st.recursive(
    st.one_of(st.sampled_from(NAMES), CONSTANTS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        # By powers of two, exact in both, and by zero.
        st.tuples(inner, st.sampled_from(["2.0", "0.0", "(-0.5)"])).map(
            lambda t: f"({t[0]} / {t[1]})"
        ),
        inner.map(lambda x: f"ABS({x})"),
        inner.map(lambda x: f"(-{x})"),
        st.tuples(inner, inner).map(lambda t: f"COALESCE({t[0]}, {t[1]})"),
    ),
    max_leaves=4,
)
comparisons = st.one_of(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "=", "<>", "!="]), numbers).map(
        " ".join
    ),
    st.tuples(numbers, st.sampled_from(["", "NOT "]), numbers, numbers).map(
        lambda t: f"{t[0]} {t[1]}BETWEEN {t[2]} AND {t[3]}"
    ),
    st.tuples(
        numbers, st.sampled_from(["", "NOT "]), st.lists(numbers, min_size=1, max_size=3)
    ).map(lambda t: f"{t[0]} {t[1]}IN ({', '.join(t[2])})"),
    st.tuples(numbers, st.sampled_from(["IS NULL", "IS NOT NULL"])).map(" ".join),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
        inner.map(lambda x: f"NOT ({x})"),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    """A table of NAMES in SQLite."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE seen (a REAL, b REAL, c REAL)")
    yield connection
    connection.close()


@given(condition=conditions, values=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=12))
def test_a_condition_is_true_where_sqlite_says_so(
    database: sqlite3.Connection, condition: str, values: list[tuple[float | None, ...]]
) -> None:
    """Three truths, NOT over them, and arithmetic with what is not known: as another engine's."""
    condition = f"({condition}) AND (a IS NULL OR a IS NOT NULL)"  # names a column at least
    database.execute("DELETE FROM seen")
    database.executemany("INSERT INTO seen VALUES (?, ?, ?)", values)
    found = database.execute(f"SELECT {condition} FROM seen ORDER BY rowid")  # noqa: S608 - ours
    assert truths(condition, rows_of(values)) == [answer == (1,) for answer in found]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a > 1", [False, True]),
        ("NOT a > 1", [False, False]),
        ("a <> 1", [False, True]),
        ("NOT (a = 1)", [False, True]),
        ("a > 1 OR b = 2", [True, True]),
        ("NOT (a > 1 AND b = 3)", [True, True]),
        ("a IS NULL", [True, False]),
        ("LEAST(a, b) = 2", [True, True]),
        ("GREATEST(a, b) = 3", [False, True]),
    ],
)
def test_what_is_not_known_is_neither_true_nor_false(condition: str, expected: list[bool]) -> None:
    """A first row whose `a` is not known, and a second where it is 3; `b` is 2."""
    rows = rows_of([(None, 2.0, 0.0), (3.0, 2.0, 0.0)])
    assert truths(condition, rows) == expected


@pytest.mark.parametrize("value", [0.1, 0.7, 1e-7, 123_456.78])
def test_a_number_is_as_precise_as_a_feature(value: float) -> None:
    """What a feature shows as 0.1 equals the 0.1 of a rule."""
    assert truths(f"a = {value}", rows_of([(value, None, None)])) == [True]


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ("requests_count_1hour > 1", "there is no feature `requests_count_1hour`; did you mean"),
        ("zzz > 1", "there is no feature `zzz`$"),
        ("t.requests_count_1h > 1", "table is not what a rule may use"),
        ("requests_count_1h", "is not a condition"),
        ("requests_count_1h + 1", "is not a condition"),
        ("requests_count_1h > 1 AND 2", "`2` is not a condition"),
        ("requests_count_1h = 'many'", "`'many'` is not a number"),
        ("requests_count_1h > NULL", "`NULL` is not a number"),
        ("requests_count_1h > 1e39", "too large a number"),
        ("requests_count_1h > 1e", "is not a number"),
        ("1 < requests_count_1h < 3", "is not a number"),
        ("SQRT(requests_count_1h) > 1", r"`SQRT\(requests_count_1h\)` is not a number"),
        ("COUNT(requests_count_1h) > 1", "is not a number"),
        ("requests_count_1h IN (SELECT 1)", "query is not what a rule may use"),
        ("requests_count_1h > (SELECT 1)", "is not a number"),
        ("requests_count_1h IN ()", "lists nothing"),
        ("requests_count_1h > 1; DROP TABLE x", "must be one condition"),
        ("requests_count_1h > 1 x", "is not a condition"),
        ("requests_count_1h >", "is not SQL: (.*) at character"),
        ("requests_count_1h > 'x", "is not SQL"),
        ("1 = 1", "names no feature"),
        ("", "must be one condition"),
        ("(" * 400 + "requests_count_1h > 1" + ")" * 400, "nested too deeply"),
        ("NOT " * 240 + "requests_count_1h > 1", "nested too deeply"),
        ("requests_count_1h > 1" + " " * LONGEST, "longer than 1,000 characters"),
    ],
)
def test_what_is_no_condition_over_features_is_refused(condition: str, complaint: str) -> None:
    """The error says what, and where it can, what was meant."""
    with pytest.raises(ValueError, match=complaint):
        Predicates(FEATURE_NAMES, Program()).add(condition)


def test_what_conditions_share_is_worked_out_once() -> None:
    """The same comparison of two conditions stands at one place."""
    program = Program()
    predicates = Predicates(NAMES, program)
    assert predicates.add("a > 1") == predicates.add("NOT (a <= 1.0)")
