"""The process: `kubectl-marianne`, which kubectl runs as `kubectl marianne`."""

import sys


def main() -> None:
    """Run the verb that the arguments name; its exit code is the process's."""
    from kubectl_marianne.application import application  # noqa: PLC0415  (typer, only where a verb is run)

    application(sys.argv[1:])(prog_name="kubectl marianne")


if __name__ == "__main__":
    main()
