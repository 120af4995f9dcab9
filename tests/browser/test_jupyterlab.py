"""The notebooks as an analyst runs them: JupyterLab in a browser, every cell, no error output."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser.conftest import Open, absent
from ytxdata.emulator import Emulator
from ytxdata.pages.notebook import copy_all

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells stay in the page, so that all can be looked at
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
ALL_DONE = """() => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(one => one.textContent);
    return prompts.length > 0 && prompts.every(one => /\\[\\d+\\]/.test(one));
}"""


@pytest.fixture(scope="module")
def lab(server: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A JupyterLab on loopback with the notebooks of this package and the served account; its address and token."""
    if find_spec("jupyterlab") is None:
        absent("jupyterlab")
    root = tmp_path_factory.mktemp("lab")
    copy_all(root / "notebooks")
    for name, settings in SETTINGS.items():
        file = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    env = {**os.environ, **server.env, **{name: str(root / folder) for name, folder in own.items()}}
    env |= {"JUPYTER_PREFER_ENV_PATH": "1", "YTX_ARCHIVE": str(root / "m.archive")}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root / 'notebooks'}", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with (root / "lab.log").open("wb") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
        try:
            _wait(f"{address}/api/status?token={token}", process, root / "lab.log")
            yield address, token
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(150):
        assert process.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(log.read_text("utf-8"))


@pytest.mark.parametrize(("notebook", "pictures", "tables"), [("01_quickstart", 2, 5), ("02_usage_report", 7, 8)])
def test_a_notebook_runs_in_jupyterlab(
    notebook: str, pictures: int, tables: int, lab: tuple[str, str], open_page: Open
) -> None:
    address, token = lab
    with open_page(f"{address}/lab/tree/{notebook}.ipynb?reset&token={token}", notebook, (1280, 2000)) as page:
        page.wait_for_selector(".jp-CodeCell")
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_function(
            ALL_DONE, timeout=300_000, polling=500
        )  # not at every frame: the kernel needs the machine
        for kind in ("error", "stderr"):
            found = page.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']")
            assert found.all_inner_texts() == []
        drawn = page.eval_on_selector_all(".jp-OutputArea-output img", "all => all.map(one => one.naturalWidth)")
        assert len(drawn) == pictures
        assert min(drawn) > 500
        assert page.locator(".jp-OutputArea-output .ytx table").count() >= tables
