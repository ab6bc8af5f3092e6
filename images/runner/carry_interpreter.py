"""Make a folder self-contained: the interpreter that runs this, its library, and what both are linked to.

`python3 carry_interpreter.py FOLDER` puts them below `FOLDER/python`, under a loader of their own, so that FOLDER can
be copied into any image of the same architecture, also into one without a C library. FOLDER is written into the
interpreter: it works at that path alone. It needs `ldd` and `patchelf`.
"""

import compileall
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

WITHOUT: Final = (
    *("__pycache__", "*.pyc", "config-*", "dist-packages", "distutils", "ensurepip", "idlelib", "lib2to3"),
    *("msilib", "pydoc*", "site-packages", "test", "tkinter", "turtle*", "unittest", "venv", "wsgiref", "xmlrpc"),
    *("_curses*", "_dbm*", "_gdbm*", "_sqlite3*", "_test*", "_tkinter*", "_xx*", "nis.*", "readline.*", "xx*"),
)
"""Of the library: what the runner has no use for, and what would bring large libraries along."""
_LINKED: Final = re.compile(r"(?:\S+ => )?(/\S+) \(0x")


def carry(folder: Path) -> None:
    """Raises `subprocess.CalledProcessError` where a program is missing or fails."""
    root = folder / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library, interpreter = root / "lib", root / "bin" / "python3"
    shutil.copytree(sysconfig.get_path("stdlib"), library / version, ignore=shutil.ignore_patterns(*WITHOUT))
    _compile(library / version)
    interpreter.parent.mkdir()
    shutil.copy(Path(sys.executable).resolve(), interpreter)
    modules = [*(library / version).rglob("*.so"), *(folder / "lib").rglob("*.so")]
    for file in linked([interpreter, *modules]):
        shutil.copy(file.resolve(), library / file.name)
    loader = subprocess.run(
        ["patchelf", "--print-interpreter", interpreter], capture_output=True, text=True, check=True
    ).stdout.strip()
    own = library / Path(loader).name
    # RPATH and not RUNPATH: it counts for the libraries' own libraries, too.
    subprocess.run(
        ["patchelf", "--set-interpreter", own, "--force-rpath", "--set-rpath", library, interpreter], check=True
    )


def _compile(library: Path) -> None:
    """In the place of the sources: whoever copies the folder copies half as many files."""
    compileall.compile_dir(library, quiet=1, legacy=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    for source in library.rglob("*.py"):
        source.unlink()


def linked(programs: Iterable[Path]) -> set[Path]:
    """The shared libraries that they load, as they lie here; raises `RuntimeError` where one is missing."""
    found: set[Path] = set()
    for program in programs:
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        if "not found" in told:
            raise RuntimeError(f"{program}: {told}")
        found |= {Path(each) for each in _LINKED.findall(told)}
    return found


if __name__ == "__main__":
    carry(Path(sys.argv[1]))
