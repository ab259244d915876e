"""A built wheel holds everything that the packages need at run time, not just their modules."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.project.checkout import ROOT, project_files

PACKAGES = ("bot", "commands", "handlers")


def test_a_wheel_holds_every_file_of_the_packages_and_nothing_else(tmp_path: Path) -> None:
    ours = [path.relative_to(ROOT) for path in project_files() if path.relative_to(ROOT).parts[0] in PACKAGES]
    held = _files_of_wheel(tmp_path, ours)
    assert {path.suffix for path in ours} >= {".py", ".lua", ".yaml", ".js", ".css", ".html"}
    assert {path.as_posix() for path in ours} == {name for name in held if ".dist-info/" not in name}


def _files_of_wheel(folder: Path, ours: list[Path]) -> set[str]:
    """Build in a copy, because setuptools writes into what it builds from."""
    checkout = folder / "checkout"
    for path in [*ours, *map(Path, ("pyproject.toml", "README.md", "LICENSE"))]:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, checkout / path)
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run(
        [*argv, "--wheel-dir", str(folder), str(checkout)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}
