"""Which lanes run, and what is said of them: nothing passes silently."""

import sys

import pytest

from dev.cluster.progress import SetupError
from dev.lanes.catalogue import ALL, Lane, UnknownLaneError, chosen, deselected, nothing_to_check
from dev.lanes.result import Counts, Result, all_good, closing_line, counts_of_pytest, table
from dev.lanes.run import run_lane


def junit(path, **numbers):
    attributes = " ".join(f'{name}="{number}"' for name, number in numbers.items())
    path.write_text(f"<testsuites><testsuite name='pytest' {attributes}/></testsuites>")
    return path


def test_all_lanes_run_unless_some_are_named():
    assert [lane.name for lane in chosen({})] == [
        *("lint", "types", "unit", "simulation", "conformance", "apiserver", "cluster"),
    ]
    assert [lane.name for lane in chosen({"LANES": "simulation, unit"})] == ["unit", "simulation"]
    assert deselected(chosen({"LANES": "unit"})) == [lane.name for lane in ALL if lane.name != "unit"]


def test_a_lane_that_does_not_exist_is_refused_by_name():
    with pytest.raises(UnknownLaneError, match="unti"):
        chosen({"LANES": "unti"})


def test_numbers_of_a_report(tmp_path):
    report = junit(tmp_path / "r.xml", tests=10, failures=2, errors=1, skipped=3)
    assert counts_of_pytest(report, 1) == (Counts(passed=4, failed=3, skipped=3), "")


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_an_exit_code_that_is_none_of_tests_is_a_failure(code, tmp_path):
    counts, problem = counts_of_pytest(junit(tmp_path / "r.xml", tests=3), code)
    assert (counts.failed, bool(problem)) == (1, True)


def test_no_report_is_a_failure(tmp_path):
    counts, problem = counts_of_pytest(tmp_path / "none.xml", 0)
    assert (counts, bool(problem)) == (Counts(failed=1), True)


@pytest.mark.parametrize(
    ("counts", "problem", "good"),
    [
        (Counts(passed=3), "", True),
        (Counts(passed=3, failed=1), "", False),
        (Counts(passed=3, skipped=1), "", False),
        (Counts(), "", False),
        (Counts(passed=3), "cannot run", False),
    ],
)
def test_good_is_all_of_it_and_at_least_something(counts, problem, good):
    assert Result("unit", counts, 1.0, problem).good is good


def test_the_closing_line_sums_all_lanes():
    results = [Result("a", Counts(2, 1), 1), Result("b", Counts(3, 0), 1)]
    assert closing_line(results) == "5 passed, 1 failed"
    assert closing_line([*results, Result("c", Counts(1, 0, 4), 1)]) == "6 passed, 1 failed, 4 skipped"


def test_the_table_names_what_was_left_out():
    lines = table([Result("unit", Counts(2), 1.25)], ["cluster"])
    assert lines[0].split() == ["✓", "unit", "1.2", "s", "2", "passed,", "0", "failed"]
    assert lines[1].split() == ["-", "cluster", "not", "chosen"]


def test_a_lane_without_its_data_is_told_of_and_fails_only_where_the_data_was_named(tmp_path):
    conformance = next(lane for lane in ALL if lane.name == "conformance")
    tree = tmp_path / "tree"
    assert nothing_to_check(conformance, tree, {}).startswith("not run: no folder ../shared/conformance")
    assert nothing_to_check(conformance, tree, {"MARIANNE_CONFORMANCE_DIR": "/nowhere"}) == ""
    (tmp_path / "shared" / "conformance").mkdir(parents=True)
    tree.mkdir()
    assert nothing_to_check(conformance, tree, {}) == ""
    assert [lane.name for lane in ALL if lane != conformance and nothing_to_check(lane, tmp_path, {})] == []


def test_absent_is_neither_passed_nor_failed_but_always_said():
    absent = Result("conformance", Counts(), 0.0, absent="not run: no data")
    good, bad = Result("unit", Counts(2), 1.0), Result("unit", Counts(2, 1), 1.0)
    assert [all_good(results) for results in ([absent, good], [absent, bad], [absent])] == [True, False, False]
    assert "○ conformance" in table([absent, good], [])[0] and "not run: no data" in table([absent], [])[0]
    assert closing_line([absent, good]) == "2 passed, 0 failed"


def lane_of(tmp_path, name, script):
    (tmp_path / "bin").mkdir(exist_ok=True)
    return Lane(name, (("python", "-c", script),))


def test_a_lane_runs_its_programs_and_keeps_their_output(tmp_path):
    result = run_lane(lane_of(tmp_path, "lint", "print('seen')"), tmp_path, lambda: None)
    assert (result.counts, result.good) == (Counts(passed=1), True)
    assert (tmp_path / "lint.log").read_text() == "seen\n"


def test_a_program_that_fails_shows_the_end_of_its_log(tmp_path, capsys):
    result = run_lane(lane_of(tmp_path, "lint", "print('why'); raise SystemExit(3)"), tmp_path, lambda: None)
    assert (result.counts, result.good) == (Counts(failed=1), False)
    assert "why" in capsys.readouterr().out


def test_a_lane_that_cannot_run_has_failed_and_says_so_in_one_line(tmp_path):
    def prepare():
        raise SetupError("no root here\nmany\nlines")

    result = run_lane(lane_of(tmp_path, "cluster", "print()"), tmp_path, prepare)
    assert result.line().startswith("✗ cluster: 0 passed, 1 failed; cannot run: no root here (")
    assert not (tmp_path / "cluster.log").exists()


def test_a_lane_of_pytest_reports_its_tests(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_a(): pass\ndef test_b(): assert False\n")
    check = (
        "python",
        "-m",
        "pytest",
        "-q",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
        str(tmp_path / "test_it.py"),
    )
    result = run_lane(Lane("unit", (check,)), tmp_path, lambda: None)
    assert result.counts == Counts(passed=1, failed=1)


def test_programs_are_those_of_this_environment(tmp_path):
    run_lane(lane_of(tmp_path, "lint", "import sys; print(sys.prefix)"), tmp_path, lambda: None)
    assert (tmp_path / "lint.log").read_text().strip() == sys.prefix
