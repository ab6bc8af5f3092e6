"""The one place where a user's template is rendered (semantics §5.4).

Undefined variables are errors, nothing is escaped, a trailing newline stays, and there is no loader, so `include`,
`extends` and `import` fail. A template may run any code that Jinja allows: it is its author's, in its author's Pod.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from marianne_runner.contract import CompiledScore, Sheet

_MARKUP: Final = ("{{", "{%", "{#")
_NEWLINE: Final = re.compile("\r\n?")
_TEMPLATE_FRAME: Final = "<template>"


class TemplateInvalidError(Exception):
    """The template cannot be read, parsed, or rendered with this sheet's variables; the message says where and why."""


def template_text(score: CompiledScore, folders: Sequence[Path]) -> str | None:
    """The template as written; a file is looked for beside the score, then in the workspace."""
    prompt = score["prompt"]
    if "template_file" not in prompt:
        return prompt.get("template")
    name = prompt["template_file"]
    for folder in folders:
        try:
            return (folder / name).read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateInvalidError(f"prompt.template_file: {folder / name}: {error}") from error
    looked = " nor in ".join(str(folder) for folder in folders)
    raise TemplateInvalidError(f"prompt.template_file: {name!r} is neither in {looked}; add it to spec.files")


def render_prompt(score: CompiledScore, sheet: Sheet, context: Mapping[str, Any], template: str | None = None) -> str:
    """The sheet's prompt and nothing around it: the rendered template, else the default prompt.

    `context`: `variables.for_prompt`. `template`: in the place of the score's own, where that is a file. Raises
    `TemplateInvalidError`.
    """
    text = template if template is not None else score["prompt"].get("template")
    if text is None:
        return _default_prompt(score, sheet)
    if not any(mark in text for mark in _MARKUP):
        # Jinja would only unify the ends of lines, and to import it costs 40 ms.
        return _NEWLINE.sub("\n", text)
    return _rendered(text, context)


def _rendered(text: str, variables: Mapping[str, Any]) -> str:
    import jinja2  # noqa: PLC0415  (see above)

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    try:
        return environment.from_string(text).render(variables)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateInvalidError(f"prompt.template, line {error.lineno}: {error.message}") from error
    except Exception as error:  # the template is code of the score's author: it may raise anything
        raise TemplateInvalidError(f"prompt.template{_line(error)}: {_said(error)}") from error


def _said(error: Exception) -> str:
    ours = type(error).__module__.startswith("jinja2")
    return str(error) if ours else f"{type(error).__name__}: {error}"


def _line(error: Exception) -> str:
    """The innermost line of the template that was being rendered; Jinja names its frames so."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == _TEMPLATE_FRAME:
            line = frame.tb_lineno
        frame = frame.tb_next
    return f", line {line}" if line else ""


def _default_prompt(score: CompiledScore, sheet: Sheet) -> str:
    first, last = sheet["start_item"], sheet["end_item"]
    items = f"item {first}" if first == last else f"items {first} to {last}"
    prompt = score["prompt"]
    parts = [f"Perform sheet {sheet['num']} of {score['total_sheets']}: {items}."]
    parts += [part for part in (prompt.get("stakes"), prompt.get("thinking_method")) if part]
    return "\n\n".join(parts)
