"""`ytxdata demo`: the main job from end to end, on a company that exists only here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import Json, Language, chosen, emit, say


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="输出目录 / where to write")] = Path("data/demo"),
    meetings: Annotated[int, typer.Option("--meetings", min=1, help="会议数 / number of meetings")] = 2026,
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / seed of the company")] = 1,
    notebook: Annotated[
        bool, typer.Option("--notebook/--no-notebook", help="运行快速入门笔记本 / run the quickstart notebook")
    ] = True,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """演示完整流程 / Show the main job, end to end.

    启动模拟平台，拉取两年会议历史，写出表格、图片和笔记本。

    Start the emulated platform, pull two years of meetings, write tables, pictures and a notebook.

    Example: ytxdata demo --out data/demo
    """
    from tqdm import tqdm

    from ytxdata.demo import STEPS, run

    with tqdm(total=len(STEPS), disable=None, leave=False, bar_format="{desc} {bar} {n_fmt}/{total_fmt}") as bar:

        def step(name: str) -> None:
            bar.set_description_str(STEPS[name].in_(chosen.lang))
            bar.update()

        done = run(out, meetings=meetings, seed=seed, notebook=notebook, step=step)
    if as_json:
        emit(done.to_dict())
        return
    for line in done.lines:
        say(line)
