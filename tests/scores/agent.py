"""The scripted agent as an Instrument of a namespace."""

from typing import Any

from marianne_operator.model.names import instrument_object_name


def instrument(name: str, executable: str, answers: str | None, image: str) -> dict[str, Any]:
    """The scripted agent under another's name; without answers it does what its prompt says."""
    command: dict[str, Any] = {"executable": executable, "prompt_via_stdin": True}
    if answers is not None:
        command["extra_flags"] = ["--answers", answers]
    command |= {"output_format_flag": "--output-format", "output_format_value": "json"}
    output = {"format": "json", "result_path": "result", "error_path": "error.message"}
    output |= {"input_tokens_path": "usage.input_tokens", "output_tokens_path": "usage.output_tokens"}
    profile = {"name": name, "kind": "cli", "cli": {"command": command, "output": output}}
    return {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "Instrument",
        "metadata": {"name": instrument_object_name(name)},
        "spec": {"image": image, "profile": profile},
    }
