"""What a score says of its prompts, compiled."""

from marianne_operator.score.compile import compile_source
from tests.unit.score.given import sheets, tree


def compiled(**fields):
    return compile_source(tree(**fields))["prompt"]


def test_a_plain_prompt_is_its_template():
    assert compiled() == {"template": "play", "variables": {}}


def test_what_goes_around_it():
    sheet = sheets(
        prelude=[{"file": "a", "as": "context"}],
        cadenzas={2: [{"directory": "b", "as": "skill"}]},
        spec_tags={1: ["x"]},
        prompt_extensions={3: ["c"]},
    )
    assert compiled(sheet=sheet, prompt={"prompt_extensions": ["d"], "stakes": "e", "thinking_method": "f"}) == {
        "variables": {},
        "stakes": "e",
        "thinking_method": "f",
        "prelude": [{"category": "context", "file": "a"}],
        "cadenzas": {"2": [{"category": "skill", "directory": "b"}]},
        "fragment_tags": {"1": ["x"]},
        "extensions": ["d"],
        "sheet_extensions": {"3": ["c"]},
    }


def test_fragments_of_both_kinds():
    data = {"name": "api", "content": "REST", "kind": "structured", "data": {"port": 80}, "tags": ["x"]}
    text = {"name": "ui", "content": "HTML", "data": {"ignored": 1}}
    assert compiled(spec={"fragments": [data, text]})["fragments"] == [
        {"name": "api", "content": 'REST\n\n```json\n{\n  "port": 80\n}\n```', "tags": ["x"]},
        {"name": "ui", "content": "HTML", "tags": []},
    ]
