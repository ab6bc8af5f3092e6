"""The process: `kubectl-marianne`, which kubectl runs as `kubectl marianne`."""

import sys

from kubectl_marianne.exits import INTERRUPTED


def main() -> None:
    """Run the verb that the arguments name; its exit code is the process's."""
    try:
        from kubectl_marianne.application import application  # noqa: PLC0415  (typer, only where a verb is run)

        given = sys.argv[1:] or ["--help"]
        arguments = ["--dry-run=client" if each == "--dry-run" else each for each in given]  # as kubectl had it
        application(arguments)(arguments, prog_name="kubectl marianne")
    except KeyboardInterrupt:  # before a verb was under way
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
