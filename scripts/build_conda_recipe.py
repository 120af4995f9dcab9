"""Write `conda/recipe.yaml` from the metadata of a built wheel, so that the recipe cannot ask for anything else.

Usage: python -m hatchling build -t wheel && python scripts/build_conda_recipe.py dist/ytxdata-*.whl
"""

from __future__ import annotations

import re
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

RECIPE = Path(__file__).parents[1] / "conda" / "recipe.yaml"

#: What conda-forge calls otherwise than the index of Python packages does, and why the difference matters.
NAMES = {
    "duckdb": "python-duckdb",  # `duckdb` there is the command line alone
    "matplotlib": "matplotlib-base",  # the other one brings Qt
    "tzdata": "python-tzdata",  # `tzdata` there is the system's
}


def metadata(wheel: Path) -> Message:
    """Return the metadata that a wheel carries."""
    with zipfile.ZipFile(wheel) as members:
        name = next(name for name in members.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(members.read(name).decode())


def recipe(said: Message) -> str:
    """Return the recipe that follows from a wheel's metadata: the requirements without extras, no more."""
    needs = [_requirement(text) for text in said.get_all("Requires-Dist", []) if "extra ==" not in text]
    urls = dict(text.split(", ", 1) for text in said.get_all("Project-URL", []))
    version = said["Version"]
    return f"""# Generated from the wheel by scripts/build_conda_recipe.py
# build with: rattler-build build --recipe conda/recipe.yaml
schema_version: 1

package:
  name: {said["Name"]}
  version: "{version}"

source:
  - path: ../dist/ytxdata-{version}-py3-none-any.whl
  - path: ../LICENSE
  - path: ../ytxdata/plots/font/OFL.txt

build:
  number: 0
  noarch: python
  script: ${{{{ PYTHON }}}} -m pip install --no-deps --no-build-isolation -vv ytxdata-{version}-py3-none-any.whl
  python:
    entry_points:
      - ytxdata = ytxdata.cli:main

requirements:
  host:
    - python {said["Requires-Python"]}
    - pip
  run:
    - python {said["Requires-Python"]}
{chr(10).join(f"    - {need}" for need in needs)}

tests:
  - python:
      imports: [ytxdata]
      pip_check: true
  - script:
      - ytxdata --version

about:
  homepage: {urls["Homepage"]}
  summary: "{said["Summary"]}"
  license: {said["License-Expression"]}
  license_file: [LICENSE, OFL.txt]
  documentation: {urls["Documentation"]}
"""


def _requirement(text: str) -> str:
    named = re.fullmatch(r"([A-Za-z0-9._-]+)\s*(.*)", text.split(";")[0].strip())
    assert named is not None, text
    name, bounds = named.groups()
    return f"{NAMES.get(name, name)} {bounds}".strip()


if __name__ == "__main__":
    RECIPE.parent.mkdir(exist_ok=True)
    RECIPE.write_text(recipe(metadata(Path(sys.argv[1]))), encoding="utf-8")
