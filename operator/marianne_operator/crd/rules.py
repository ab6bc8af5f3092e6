"""The CEL rules, by the path of the node that they stand on.

Few, because each costs at every write. Rules on `status` are the second line behind `decide`: a process that was
stopped and wakes up with an old view cannot undo finished work. `spec` has no transition rules: a refused update
stops a whole GitOps sync (design §4).
"""

from typing import Final

_SAME_RUN: Final = (
    "self.sheets.size() == oldSelf.sheets.size() && oldSelf.sheets.all(i, o, self.sheets[i].num == o.num"
    " && self.sheets[i].attempt >= o.attempt"
    " && (!(o.state in ['completed', 'failed', 'skipped', 'cancelled']) || self.sheets[i] == o))"
)
_NEXT_RUN: Final = (
    "oldSelf.sheets.all(i, o, i < self.sheets.size() ? self.sheets[i].attempt >= o.attempt"
    " : has(self.attemptFloor) && self.attemptFloor >= o.attempt)"
)

Rule = dict[str, str]

INSTRUMENT: Final[dict[str, list[Rule]]] = {
    "spec.profile": [
        {
            "rule": "has(self.kind) && self.kind == 'http' ? has(self.http) && !has(self.cli)"
            " : has(self.cli) && !has(self.http)",
            "message": "exactly the block of its kind: cli, or http",
        }
    ],
}

JOB: Final[dict[str, list[Rule]]] = {
    "": [{"rule": "self.metadata.name.size() <= 63", "message": "metadata.name: at most 63 characters"}],
    "spec": [
        {
            "rule": "[has(self.score), has(self.scoreText), has(self.scoreFrom)].filter(x, x).size() == 1",
            "message": "exactly one of score, scoreText, scoreFrom",
        }
    ],
    "spec.files[]": [
        {
            "rule": "has(self.configMapKeyRef) != has(self.secretKeyRef)",
            "message": "exactly one of configMapKeyRef, secretKeyRef",
        }
    ],
    "spec.restart": [
        {
            "rule": "has(self.fromSheet) == (has(self.scope) && self.scope == 'FromSheet')",
            "message": "fromSheet goes with scope: FromSheet, and with no other",
        }
    ],
    "spec.workspace": [
        {
            "rule": "!has(self.persistentVolumeClaim) || !has(self.volumeClaimTemplate)",
            "message": "at most one of persistentVolumeClaim, volumeClaimTemplate",
        }
    ],
    "status": [
        {
            "rule": "!has(oldSelf.run) || (has(self.run) && self.run >= oldSelf.run && self.run <= oldSelf.run + 1)",
            "message": "status.run grows by one, never down",
        },
        {
            "rule": "!has(oldSelf.attemptFloor)"
            " || (has(self.attemptFloor) && self.attemptFloor >= oldSelf.attemptFloor)",
            "message": "status.attemptFloor never goes down",
        },
        {
            "rule": "!has(oldSelf.sheets) || (has(self.sheets) && has(self.run)"
            f" && (has(oldSelf.run) && self.run == oldSelf.run ? ({_SAME_RUN}) : {_NEXT_RUN}))",
            "message": "within a run finished sheets stay as they are; attempts only grow, over all runs",
        },
    ],
}
