"""The notebooks that come along: committed without outputs, and each runs top to bottom against the served platform."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.effort import IS_WHOLE
from ytxdata.emulator import Emulator
from ytxdata.pages.notebook import NotebookError, execute, find, to_html

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
RUN = [name for name in NAMES if IS_WHOLE or name != "02_usage_report.ipynb"]
"""That of reports is run in `test_files` too, by the verb, and read there."""
PARAMETERS: dict[str, dict[str, object]] = {
    "03_history_audit.ipynb": {"meetings": 400},
    "04_at_scale.ipynb": {"meetings": 1000, "with_spark": False},
}
PICTURES = {"01_quickstart.ipynb": 2, "02_usage_report.ipynb": 7, "04_at_scale.ipynb": 2, "05_sql.ipynb": 1}
"""How many each notebook must show at least."""


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_without_outputs(name: str) -> None:
    notebook = nbformat.read(str(FOLDER / name), as_version=4)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize("name", RUN)
def test_a_notebook_runs_from_top_to_bottom(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(meetings=60, seed=4) as server:
        # in Chinese, where a picture of one's own needs a font that has it
        env = {**server.env, "YTX_ARCHIVE": str(tmp_path / "m.archive"), "YTX_LANG": "zh"}
        done = execute(find(name), parameters=PARAMETERS.get(name), env=env, workdir=tmp_path)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert [output for output in outputs if "text/html" in output.get("data", {})]
    assert len([one for one in outputs if "image/png" in one.get("data", {})]) >= PICTURES.get(name, 0)
    page = to_html(done, title=name)
    assert "<title>" in page
    assert 'src="http' not in page
    assert server.env["YTX_AUTH_TOKEN"] not in page


@pytest.mark.slow
def test_without_an_account_a_notebook_meets_the_emulated_company(tmp_path: Path) -> None:
    path = tmp_path / "t.ipynb"
    code = (
        "from ytxdata.demo import connect\nclient, archive = connect()\nprint(len(client.fetch_meetings(5).meetings))"
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), str(path))
    done = execute(path)
    assert done.cells[0].outputs[0].text == "5\n"


@pytest.mark.slow
def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1/0")]), str(path))
    with pytest.raises(NotebookError, match=r"t\.ipynb.*ZeroDivisionError"):
        execute(path)
