"""What is released is what is here: built twice it is one file, it holds what is named, and its papers agree."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from ytxdata.version import __version__

HOUSE = Path(__file__).parents[2]
SETTINGS = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
SDIST = SETTINGS["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]


def build(into: Path, *, stray: bool, umask: int) -> Path:
    """Build wheel and source archive from a copy, as somebody with another umask, clock and litter would."""
    copy = into / "copy"
    for name in [*SDIST, "pyproject.toml", ".gitignore"]:
        ignore = shutil.ignore_patterns("__pycache__", "demo")
        shutil.copytree(HOUSE / name, copy / name, ignore=ignore) if (HOUSE / name).is_dir() else shutil.copy(
            HOUSE / name, copy
        )
    if stray:
        (copy / "ytxdata-0.0.9-py3-none-any.whl").write_bytes(b"an old one")
        (copy / "ytxdata.toml").write_text('auth_token = "secret"', encoding="utf-8")
        (copy / "meetings.archive").mkdir()
        for path in copy.rglob("*"):
            os.utime(path, (1_000_000_000, 1_000_000_000))
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(into / "dist")]
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(command, cwd=copy, env=environment, umask=umask, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return into / "dist"


@pytest.fixture(scope="module")
def dists(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same state built twice, in two surroundings."""
    return (
        build(tmp_path_factory.mktemp("one"), stray=False, umask=0o022),
        build(tmp_path_factory.mktemp("two"), stray=True, umask=0o077),
    )


@pytest.fixture(scope="module")
def wheel(dists: tuple[Path, Path]) -> Path:
    """The wheel."""
    (found,) = dists[0].glob("*.whl")
    return found


def metadata(wheel: Path) -> Message:
    """Return what the wheel says of itself, as the recipe reads it."""
    found: Message = recipe_script().metadata(wheel)
    return found


def recipe_script() -> Any:
    """Return the script that writes the recipe."""
    spec = importlib.util.spec_from_file_location("build_conda_recipe", HOUSE / "scripts" / "build_conda_recipe.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_two_builds_are_one_file_whoever_builds_and_whatever_lies_about(dists: tuple[Path, Path]) -> None:
    hashes = [{p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()} for folder in dists]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 2


@pytest.mark.slow
def test_the_source_archive_holds_what_is_named_and_nothing_else(dists: tuple[Path, Path]) -> None:
    (archive,) = dists[1].glob("*.tar.gz")
    with tarfile.open(archive) as members:
        tops = {Path(name).parts[1] for name in members.getnames()}
    assert tops == {*SDIST, "pyproject.toml", "PKG-INFO", ".gitignore"}


def test_the_wheel_carries_both_licences_the_notebooks_and_no_tests(wheel: Path) -> None:
    said = metadata(wheel)
    assert said["License-Expression"] == "Apache-2.0 AND OFL-1.1"
    with zipfile.ZipFile(wheel) as members:
        names = members.namelist()
        licences = [name for name in names if ".dist-info/licenses/" in name]
        assert sorted(Path(name).name for name in licences) == ["LICENSE", "OFL.txt"]
        assert "SIL OPEN FONT LICENSE" in members.read(next(n for n in licences if n.endswith("OFL.txt"))).decode()
    assert {name.split("/")[0] for name in names} == {"ytxdata", f"ytxdata-{__version__}.dist-info"}
    assert "ytxdata/py.typed" in names
    assert {Path(n).name for n in names if n.endswith(".ipynb")} == {
        p.name for p in (HOUSE / "notebooks").glob("*.ipynb")
    }


def test_the_page_on_an_index_has_no_link_that_only_a_clone_can_follow(wheel: Path) -> None:
    text = str(metadata(wheel).get_payload())
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 5
    assert [t for t in targets if not t.startswith(("https://", "#"))] == []
    for target in targets:
        here = re.fullmatch(rf"https://\S+/ytxdata/ytxdata/(?:blob/)?v{re.escape(__version__)}/([^#]+)(?:#.*)?", target)
        assert here is None or (HOUSE / here[1]).exists(), target


def test_the_recipe_asks_for_what_the_wheel_asks_for(wheel: Path) -> None:
    script = recipe_script()
    assert (HOUSE / "conda" / "recipe.yaml").read_text(encoding="utf-8") == script.recipe(metadata(wheel))


def test_the_papers_name_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (HOUSE / "CITATION.cff").read_text(encoding="utf-8")


def test_the_lock_pins_every_dependency_within_its_bounds_by_hash() -> None:
    from packaging.requirements import Requirement

    text = (HOUSE / "requirements.lock").read_text(encoding="utf-8")
    entries = {
        m[1]: (m[2], m[3])
        for m in re.finditer(r"^([a-z0-9-]+)==(\S+)([^\n]*(?:\n +--hash=\S+[^\n]*)+)", text, re.MULTILINE)
    }
    assert "http" not in text
    assert all("--hash=sha256:" in hashes for _, hashes in entries.values())
    for line in SETTINGS["project"]["dependencies"]:
        needed = Requirement(line)
        assert needed.specifier.contains(entries[needed.name][0]), line


def test_no_action_of_a_workflow_can_be_changed_behind_our_back() -> None:
    for page in (HOUSE / ".github" / "workflows").glob("*.yml"):
        for used in re.findall(r"uses: (\S+)", page.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", used), f"{page.name}: {used}"


def test_the_image_is_built_from_what_is_named_and_never_runs_as_root() -> None:
    lines = (HOUSE / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert next(line for line in reversed(lines) if line.startswith("USER ")) != "USER root"
    assert any("--require-hashes" in line for line in lines)
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line}
    kept = {line[1:] for line in (HOUSE / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    assert copied == {"requirements.lock", "."}
    assert kept >= {"ytxdata", "notebooks", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"}
    assert all((HOUSE / name).exists() for name in kept)
