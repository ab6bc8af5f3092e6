"""Where everything is, below one root: `/` in a Pod, another folder where a test or a simulated kubelet runs us."""

import os
from pathlib import Path
from typing import NamedTuple, Self

from marianne_runner.contract import (
    BRIEF_FILE,
    LEDGER_FOLDER,
    POD_UID_FILE,
    SCORE_FILE,
    SCORE_FILES_FOLDER,
    TERMINATION_FILE,
    WORKSPACE_FOLDER,
)

ROOT_VARIABLE = "MARIANNE_ROOT"


class Places(NamedTuple):
    """Absolute paths."""

    root: Path
    workspace: Path
    ledger: Path
    score: Path
    brief: Path
    pod_uid: Path
    score_files: Path
    termination: Path

    @classmethod
    def below(cls, root: Path) -> Self:
        """By the names that the contract gives them."""
        return cls(
            root=root,
            workspace=root / WORKSPACE_FOLDER,
            ledger=root / LEDGER_FOLDER,
            score=root / SCORE_FILE,
            brief=root / BRIEF_FILE,
            pod_uid=root / POD_UID_FILE,
            score_files=root / SCORE_FILES_FOLDER,
            termination=root / TERMINATION_FILE,
        )

    @classmethod
    def here(cls) -> Self:
        """`MARIANNE_ROOT`, else `/`."""
        return cls.below(Path(os.environ.get(ROOT_VARIABLE, "/")))
