"""Where a finding stands in the text."""

import pytest

from marianne_operator.score.lint.marks import Mark, locate
from marianne_operator.score.lint.text import lint

TEXT = """\
# a comment
name: song
sheet:
  size: 1
  total_items: 3
  descriptions:
    1: one
    "2": two
prompt:
  variables: {a: {b: [x, {c: d}]}}
  template: |

    first
    second
  stakes: >
    folded
validations:
- type: file_exists
  path: here
-   type: file_exists
    path: there
"""


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        ((), Mark(2, 1)),
        (("name",), Mark(2, 1)),
        (("sheet",), Mark(3, 1)),
        (("sheet", "total_items"), Mark(5, 3)),
        (("sheet", "descriptions", 1), Mark(7, 5)),
        (("sheet", "descriptions", 2), Mark(8, 5)),
        (("sheet", "descriptions", 3), Mark(6, 3)),
        (("sheet", "fan_out", 3), Mark(3, 1)),
        (("prompt", "variables", "a", "b", 1, "c"), Mark(10, 27)),
        (("prompt", "variables", "a", "b", 2), Mark(10, 19)),
        (("prompt", "template"), Mark(11, 3, content=12)),
        (("prompt", "stakes"), Mark(15, 3)),
        (("validations",), Mark(17, 1)),
        (("validations", 0), Mark(18, 3)),
        (("validations", 1), Mark(20, 5)),
        (("validations", 1, "path"), Mark(21, 5)),
        (("validations", 1, "pattern"), Mark(20, 5)),
        (("absent",), Mark(2, 1)),
    ],
)
def test_marks(path, mark):
    assert locate(TEXT, [path]) == {path: mark}
    assert locate(TEXT, [path, ("sheet",), ("validations", 0)])[path] == mark


def test_nothing_is_found_in_nothing():
    assert locate("", [("name",)]) == {}


SCORE = "name: song\nsheet: {size: 1, total_items: 3}\n"
RULES = "validations:\n- {type: file_modified, path: a}\n"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (SCORE + "prompt: {template: x}\n" + RULES + "titel: x\n", 6, 1),
        (SCORE + RULES + "prompt:\n  template: |\n    one\n    {{ two }}\n", 8, None),
        (SCORE + RULES + "prompt:\n  template: |\n\n    one\n    {% if %}\n", 9, None),
        (SCORE + RULES + "prompt:\n  template: |-\n    {{ sheet_num }}\n\n    see {workspace}\n", 9, None),
        (SCORE + RULES + "prompt:\n  template: >\n    one\n\n    {{ two }}\n", 6, 3),
        (SCORE + RULES + 'prompt: {template: "one\\n{{ two }}"}\n', 5, 10),
        ("name: song\nsheet: [\n", 3, None),
        ("name: song\n\nname: song\n", 3, None),
        ("name: song\nb: c\n? [d]\n: e\n", 3, None),
        ("name: song\nb: &c d\n", 2, None),
        ("name: song\nb: !mine d\n", 2, None),
        ("name: song\n\nb: \ud800\n", None, None),
        ("name: song\n\nb: \1\n", 3, None),
        ("- a\n", None, None),
    ],
)
def test_lines_of_findings(text, line, column):
    (found,) = lint(text)
    assert (found.line, found.column) == (line, column)


def test_findings_are_in_the_order_of_the_text():
    found = lint("titel: x\n" + SCORE + "prompt: {}\nb: x\na: x\nworkspace: x\n")
    assert [each.path for each in found if each.check_id == "K002"] == ["titel", "b", "a"]
    lines = [each.line for each in lint(SCORE + "state_path: x\nprompt: {}\nworkspace: x\n" + RULES)]
    assert lines == sorted(lines) == [3, 4, 5]
