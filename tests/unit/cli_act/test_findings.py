"""What lint found, as people, programs and code scanners read it."""

from kubectl_marianne.findings import as_json, as_lines, as_sarif, summary, unread, worst_is_error
from kubectl_marianne.lines import plain
from kubectl_marianne.score_file import ScoreFile
from marianne_operator.score.lint.findings import Finding

FILE = ScoreFile("song.yaml", "", None, 10)
ERROR = Finding("K005", "error", "a circle: 1, 2", "sheet.dependencies", 4, 3, "leave one out")
NOTE = Finding("K101", "info", "no effect\x1b[31m on Kubernetes", "backend")


def test_people_see_the_files_own_lines_and_nothing_that_a_terminal_obeys() -> None:
    assert [plain(line) for line in as_lines(FILE, [ERROR, NOTE])] == [
        "song.yaml:13:3: error: sheet.dependencies: a circle: 1, 2 (leave one out) [K005]",
        "song.yaml: info: backend: no effect on Kubernetes [K101]",
    ]


def test_counts() -> None:
    warning = Finding("V203", "warning", "none", "validations")
    assert summary([ERROR, warning, warning, NOTE]) == "1 error, 2 warnings, 1 note"
    assert summary([]) == "nothing to say against it"
    assert worst_is_error([warning, ERROR])
    assert not worst_is_error([warning, NOTE])
    assert unread([Finding("K001", "error", "not YAML", "score")])
    assert not unread([ERROR])


def test_json_says_all() -> None:
    told = as_json(FILE, [ERROR])
    assert (told["file"], told["valid"]) == ("song.yaml", False)
    assert told["findings"][0]["line"] == 13
    assert as_json(FILE, [NOTE])["valid"] is True


def test_sarif_has_what_a_scanner_asks_for() -> None:
    run = as_sarif(FILE, [ERROR, NOTE], "1.2")["runs"][0]
    assert run["tool"]["driver"]["rules"] == [{"id": "K005"}, {"id": "K101"}]
    first, second = run["results"]
    assert (first["ruleId"], first["level"], second["level"]) == ("K005", "error", "note")
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "song.yaml"}, "region": {"startLine": 13, "startColumn": 3}}
    assert "region" not in second["locations"][0]["physicalLocation"]
