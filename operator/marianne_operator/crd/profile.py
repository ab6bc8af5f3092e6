"""The schema of an instrument's `profile`: Marianne's own field names (semantics §7.1).

Only for the CRD: the runner reads the profile as plain data. Defaults are the runner's, so none stands here.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Flag = Annotated[str, Field(max_length=64)] | None
Word = Annotated[str, Field(min_length=1, max_length=256)]
Path = Annotated[str, Field(max_length=256)] | None
Pattern = Annotated[str, Field(min_length=1, max_length=512)]
Patterns = Annotated[list[Pattern], Field(max_length=32)]
Filter = Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=16)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]


class Command(BaseModel):
    """The command line: executable, subcommand, flags, prompt, extra flags."""

    executable: Word
    subcommand: Flag = None
    prompt_flag: Flag = None
    prompt_via_stdin: bool = True
    stdin_sentinel: Flag = None
    model_flag: Flag = None
    auto_approve_flag: Flag = None
    output_format_flag: Flag = None
    output_format_value: Flag = None
    system_prompt_flag: Flag = None
    allowed_tools_flag: Flag = None
    mcp_config_flag: Flag = None
    mcp_disable_args: Annotated[list[Word], Field(max_length=16)] = []
    timeout_flag: Flag = None
    budget_flag: Annotated[
        str | None, Field(max_length=64, description="Followed by the dollars left of the score's cost_limits.")
    ] = None
    working_dir_flag: Flag = None
    extra_flags: Annotated[list[Word], Field(max_length=32)] = []
    env: Annotated[dict[str, Annotated[str, Field(max_length=4096)]], Field(max_length=64)] = {}
    required_env: Annotated[list[Word], Field(max_length=64)] | None = None
    start_new_session: bool = False


class Output(BaseModel):
    """How to read the program's output; paths are like `usage.tokens`, `items[-1].text` and `models.*.tokens`."""

    format: Literal["text", "json", "jsonl"] = "text"
    result_path: Path = None
    error_path: Path = None
    completion_event_type: Flag = None
    completion_event_filter: Filter = {}
    completion_event_take: Literal["first", "last", "all"] | None = None
    input_tokens_path: Path = None
    output_tokens_path: Path = None
    cost_path: Path = Field(default=None, description="Dollars that the program says it has spent.")
    aggregate_tokens: bool = False


class Errors(BaseModel):
    """How to read the program's failures; patterns are regular expressions, read without regard to case."""

    success_exit_codes: Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(max_length=16)] = [0]
    rate_limit_patterns: Patterns = []
    auth_error_patterns: Patterns = []
    capacity_patterns: Patterns = []
    timeout_patterns: Patterns = []
    crash_patterns: Patterns = []
    stale_patterns: Patterns = []
    rate_limit_event_type: Flag = None
    rate_limit_event_filter: Filter = {}


class CommandLine(BaseModel):
    """A program that is started once for each attempt."""

    command: Command
    output: Output = Output()
    errors: Errors = Errors()


class Server(BaseModel):
    """A model's server, which the runner asks once for each attempt. `endpoint`: else the protocol's own."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=512)]
    endpoint: Annotated[str, Field(pattern=r"^/[^\s]*$", max_length=256)] | None = None
    schema_family: Literal["openai", "anthropic", "gemini", "ollama"] = "openai"
    auth_env_var: Variable | None = None


class ModelPrice(BaseModel):
    """A model that the instrument offers. Prices are in dollars for a thousand tokens."""

    name: Word
    context_window: Annotated[int, Field(ge=1)] | None = None
    cost_per_1k_input: Annotated[float, Field(ge=0)] | None = None
    cost_per_1k_output: Annotated[float, Field(ge=0)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    max_concurrent: Annotated[int, Field(ge=1)] | None = None


class Profile(BaseModel):
    """A profile with Marianne's own field names: `cli` or `http`, whichever `kind` says."""

    name: Word | None = None
    display_name: Annotated[str, Field(max_length=256)] | None = None
    description: Annotated[str, Field(max_length=1024)] | None = None
    kind: Literal["cli", "http"] = "cli"
    capabilities: Annotated[list[Word], Field(max_length=32)] = []
    code_mode: bool = False
    models: Annotated[list[ModelPrice], Field(max_length=64)] = []
    default_model: Annotated[str, Field(max_length=253)] | None = None
    default_timeout_seconds: Annotated[float, Field(gt=0)] | None = None
    raw_prompt: bool = False
    cli: CommandLine | None = None
    http: Server | None = None
