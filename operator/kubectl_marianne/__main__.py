"""The process: `kubectl-marianne`, which kubectl runs as `kubectl marianne`."""

import sys


def main() -> None:
    """Run the verb that the arguments name; its exit code is the process's."""
    from kubectl_marianne.application import application  # noqa: PLC0415  (typer, only where a verb is run)

    arguments = ["--dry-run=client" if each == "--dry-run" else each for each in sys.argv[1:]]  # as kubectl had it
    application(arguments)(arguments, prog_name="kubectl marianne")


if __name__ == "__main__":
    main()
