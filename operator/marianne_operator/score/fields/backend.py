"""`backend` and `bridge`: Marianne's older way to name an executor; its time-outs are still in use (semantics §4.6)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from marianne_operator.score.fields.base import Fraction, Number, Part, Seconds


class RecursiveLightConfig(Part):
    """A local service; of no effect in a cluster."""

    endpoint: str = "http://localhost:8080"
    user_id: str | None = None
    timeout: Seconds = 30.0


class OllamaConfig(Part):
    """A local model server."""

    base_url: str = "http://localhost:11434"
    model: str = "llama3.1:8b"
    num_ctx: Annotated[int, Field(ge=4096)] = 32768
    dynamic_tools: bool = True
    compression_level: Literal["minimal", "moderate", "aggressive"] = "moderate"
    timeout_seconds: Seconds = 300.0
    keep_alive: str = "5m"
    max_tool_iterations: Annotated[int, Field(ge=1, le=50)] = 10
    health_check_timeout: float = 10.0


class SheetBackendOverride(Part):
    """For one concrete sheet."""

    cli_model: str | None = None
    model: str | None = None
    temperature: Fraction | None = None
    max_tokens: Number | None = None
    timeout_seconds: Seconds | None = None


class BackendConfig(Part):
    """The executor and its limits."""

    type: str = "claude_cli"
    skip_permissions: bool = True
    disable_mcp: bool = True
    output_format: Literal["json", "text", "stream-json"] = "text"
    cli_model: str | None = None
    allowed_tools: list[str] | None = None
    system_prompt_file: str | None = None
    working_directory: str | None = None
    timeout_seconds: Seconds = 1800.0
    timeout_overrides: dict[int, Seconds] = {}
    sheet_overrides: dict[int, SheetBackendOverride] = {}
    cli_extra_args: list[str] = []
    max_output_capture_bytes: Number = 51200
    model: str = "claude-sonnet-4-5-20250929"
    api_key_env: str = "ANTHROPIC_API_KEY"
    max_tokens: Number = 16384
    temperature: Fraction = 0.7
    recursive_light: RecursiveLightConfig = RecursiveLightConfig()
    ollama: OllamaConfig = OllamaConfig()


class BridgeConfig(Part):
    """A proxy between a local model and tool servers; of no effect in a cluster."""

    enabled: bool = False
    mcp_proxy_enabled: bool = True
    mcp_servers: list[dict[str, Any]] = []
    hybrid_routing_enabled: bool = False
    complexity_threshold: Fraction = 0.7
    fallback_to_claude: bool = True
    context_budget_percent: Annotated[int, Field(ge=10, le=95)] = 75
