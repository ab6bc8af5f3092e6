"""Write the definitions: `crds/` for kubectl, and the chart's copy, since a chart can read no file outside of it."""

from pathlib import Path
from typing import Final

import yaml

from marianne_operator.crd.definitions import GROUP, definitions

TREE: Final = Path(__file__).parents[3]
FOLDERS: Final = (Path("crds"), Path("charts/marianne-operator/files/crds"))
HEADER: Final = "# Generated from the operator's models by `make crds`; edits are lost.\n"


class _Dumper(yaml.SafeDumper):
    """Writes shared parts out again: an API server's YAML reader is right to distrust anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def rendered() -> dict[Path, str]:
    """Every file, by its path in the tree."""
    files: dict[Path, str] = {}
    for definition in definitions():
        name = f"{GROUP}_{definition['spec']['names']['plural']}.yaml"
        text = HEADER + yaml.dump(definition, Dumper=_Dumper, sort_keys=False, width=120)
        files |= {folder / name: text for folder in FOLDERS}
    return files


def main() -> None:
    """Write them all."""
    for path, text in rendered().items():
        (TREE / path).parent.mkdir(parents=True, exist_ok=True)
        (TREE / path).write_text(text)


if __name__ == "__main__":
    main()
