"""Conditions that skip a sheet: what authors write, what is wrong, what is not to be had."""

import pytest

from marianne_operator.score.skip_expression import MAX_LENGTH, Record, SkipExpressionError, problem, skips

GOOD = {"status": "completed", "validation_passed": True, "exit_code": 0, "stdout_tail": "All OK\n"}
BAD = {"status": "failed", "validation_passed": False, "exit_code": None, "stdout_tail": None}
SHEETS = {1: Record({"sheet_num": 1, **GOOD}), 2: Record({"sheet_num": 2, **BAD})}
JOB = Record({"job_name": "song", "total_sheets": 2, "total_retry_count": 3, "sheets": SHEETS})


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("True", True),
        ("sheets.get(1) and sheets[1].validation_passed", True),
        ("sheets.get(9) and sheets[9].validation_passed", False),
        ("sheets.get(9, 0)", False),
        ('sheets[1].status == "completed"', True),
        ('sheets[1].status.value == "completed"', True),
        ("sheets[2].exit_code is None", True),
        ("sheets[2].exit_code is not None or not sheets[2].validation_passed", True),
        ("1 in sheets and 9 not in sheets", True),
        ("'ok' in sheets[1].stdout_tail.lower()", True),
        ("sheets[1].stdout_tail.strip().endswith('OK')", True),
        ("any(s.status == 'failed' for s in sheets.values())", True),
        ("all(s.status == 'completed' for s in sheets.values())", False),
        ("len([n for n, s in sheets.items() if s.validation_passed]) == 1", True),
        ("max(n for n in sheets.keys()) == job.total_sheets", True),
        ("sum", None),
        ("job.total_retry_count * 2 - 1 > 4 and job.total_retry_count % 2 == 1", True),
        ("0 < job.total_retry_count <= 3", True),
        ("'a' if False else ''", False),
        ("job.sheets[1].sheet_num == 1", True),
        ("str(job.total_sheets) + '!' == '2!'", True),
        ("sheets[1].status in ('completed', 'skipped')", True),
        ("[n for n in [1, 2] for m in [3] if n < m] == [1, 2]", True),
        ("-1 < 0 and +1 > 0", True),
    ],
)
def test_what_authors_write(expression, holds):
    if holds is None:
        assert problem(expression) is not None
    else:
        assert problem(expression) is None
        assert skips(expression, SHEETS, JOB) is holds


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("sheets[1", "no expression"),
        ("x = 1", "no expression"),
        ("", "no expression"),
        ("open('/etc/passwd')", "'open' is not defined"),
        ("__import__('os')", "'__import__' is not defined"),
        ("lambda: 1", "Lambda is not allowed"),
        ("f'{sheets}'", "JoinedStr is not allowed"),
        ("{1: 2}", "Dict is not allowed"),
        ("2 ** 9999999", "Pow is not allowed"),
        ("1 << 99999", "LShift is not allowed"),
        ("sheets[1:2]", "Slice is not allowed"),
        ("(y := 1)", "NamedExpr is not allowed"),
        ("True or " * 200 + "True", "longer than"),
        ("(" * 300 + "1" + ")" * 300, "no expression"),
    ],
)
def test_what_is_wrong_whatever_the_sheets_come_to(expression, why):
    assert why in (problem(expression) or "")


@pytest.mark.parametrize(
    "expression",
    [
        "sheets[9].status",
        "sheets[1].secret",
        "sheets[1].__class__",
        "''.__class__.__mro__",
        "len.__self__",
        "sheets.pop(1)",
        "sheets.get.__self__",
        "'{0.__class__}'.format(sheets)",
        "1 / 0",
        "'a' * 99",
        "[1] * 99",
        "'%s' % 1",
        "1 < 'a'",
        "int('x')",
        "max(1, key=len)",
        "sheets(1)",
        "1e15 * 10",
        "99999999 * 99999999",
        "[a for a in [1] for a.b in [2]]",
        "job.total_retry_count.real",
        "s",
        "[0 for n in sheets] and n",
        "-sheets",
    ],
)
def test_what_is_not_to_be_had(expression):
    with pytest.raises(SkipExpressionError):
        skips(expression, SHEETS, JOB)


def test_it_ends():
    nested = "[0 " + "".join(f"for n{i} in [{'1,' * 12}] " for i in range(9)) + "]"
    assert len(nested) <= MAX_LENGTH
    with pytest.raises(SkipExpressionError, match="steps"):
        skips(nested, SHEETS, JOB)
    grows = "+".join(["'" + "x" * 20 + "'"] * 40)
    assert skips(f"len({grows}) == 800", SHEETS, JOB)


def test_five_hundred_sheets_are_looked_at():
    many = {num: Record({"status": "completed", "validation_passed": True}) for num in range(1, 501)}
    expression = "all(s.status == 'completed' and s.validation_passed for s in sheets.values())"
    assert skips(expression, many, JOB)
