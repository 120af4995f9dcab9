"""Notebooks run from outside: executed top to bottom in a fresh kernel, kept as one self-contained HTML page."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ytxdata.errors import UsageError, require_extra
from ytxdata.files import refuse_archive, replacing, telling_unwritable
from ytxdata.labels import Lang, Text

if TYPE_CHECKING:
    from nbformat import NotebookNode

TIME_LIMIT_S = 600


class NotebookError(UsageError):
    """A cell of a notebook raised an error; the message says which and what."""


def find(name: str) -> Path:
    """Return the path of one of the notebooks that come with the package.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / name).is_file():
            return folder / name
    raise UsageError(Text(f"没有这个笔记本：{name}", f"no such notebook: {name}"))


class Copy(NamedTuple):
    """A notebook in somebody's directory: copied now, there already as it comes along, or there already and changed,
    and so kept.
    """

    path: Path
    state: Literal["copied", "same", "kept"]


def copy_all(target: str | Path) -> list[Copy]:
    """Copy the notebooks that come with the package to a directory; one that was changed there is kept, for it holds
    somebody's work.

    Raises
    ------
    UsageError
        The directory is an archive's, or cannot be written.
    """
    folder = Path(target)
    refuse_archive(folder)
    with telling_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return [_copy(source, folder) for source in sorted(find("01_quickstart.ipynb").parent.glob("*.ipynb"))]


def _copy(source: Path, folder: Path) -> Copy:
    there = folder / source.name
    if there.exists():
        return Copy(there, "same" if there.read_bytes() == source.read_bytes() else "kept")
    return Copy(Path(shutil.copyfile(source, there)), "copied")


def execute(
    path: str | Path,
    *,
    parameters: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    workdir: str | Path | None = None,
) -> NotebookNode:
    """Run a notebook in a fresh kernel of this very Python and return it with its outputs.

    Parameters
    ----------
    path
        The `.ipynb` file; it is not changed.
    parameters
        Values for the names in its cell tagged `parameters`, set by papermill in a cell below that.
    env
        Environment variables for the kernel, added to those of this process.
    workdir
        Where the kernel runs; by default the notebook's folder.

    Raises
    ------
    MissingExtraError
        The extra `notebooks` is not installed.
    NotebookError
        A cell raised.

    Examples
    --------
    >>> import tempfile
    >>> import nbformat
    >>> path = Path(tempfile.mkdtemp()) / "sum.ipynb"
    >>> nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1 + 1)")]), path)
    >>> execute(path).cells[0].outputs[0].text
    '2\\n'
    """
    require_extra("notebooks")
    import nbformat
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    class ThisPython(AsyncKernelManager):
        """A kernel of this very Python, whatever the machine's kernel specs name."""

        @property
        def kernel_spec(self) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
            return KernelSpec(argv=argv, display_name="Python", language="python")

    source = Path(path)
    notebook: NotebookNode = nbformat.read(str(source), as_version=4)
    if parameters:
        notebook = parameterize_notebook(load_notebook_node(str(source)), dict(parameters))
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        timeout=TIME_LIMIT_S,
        resources={"metadata": {"path": str(workdir or source.parent)}},
    )
    try:
        client.execute(env={**os.environ, **(env or {})})
    except CellExecutionError as error:
        raised = f"{error.ename}: {error.evalue}"
        raise NotebookError(Text(f"{source.name} 运行出错：{raised}", f"{source.name} failed: {raised}")) from None
    return notebook


def write_page_of(name: str, folder: Path, title: Text, lang: Lang, **options: Any) -> Path:
    """Run one of the notebooks that come with the package in a folder (`execute`), and write it there as a page."""
    page = folder / Path(name).with_suffix(".html").name
    told = to_html(execute(find(name), workdir=folder, **options), title=title.in_(lang))
    with replacing(page) as draft:
        draft.write_text(told, encoding="utf-8")
    return page


def to_html(notebook: NotebookNode, *, title: str) -> str:
    """Return an executed notebook as one HTML page that asks nothing of the network, without its parameters.

    Raises
    ------
    MissingExtraError
        The extra `notebooks` is not installed.
    """
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import TagRemovePreprocessor

    exporter: Any = HTMLExporter(template_name="lab", exclude_input_prompt=True, exclude_output_prompt=True)
    # a page is handed on: parameters are paths of this machine, and whole the number whose meetings were selected
    parameters = {"parameters", "injected-parameters"}
    exporter.register_preprocessor(TagRemovePreprocessor(remove_cell_tags=parameters), enabled=True)
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return str(body)
