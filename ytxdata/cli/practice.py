"""What one tries without an account: `ytxdata demo`, `ytxdata notebooks`, and `ytxdata emulator`, the platform's other end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import Json, Language, chosen, emit, put, say
from ytxdata.errors import UsageError
from ytxdata.labels import Text


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


_STATES = {
    "copied": Text("→ {path}", "→ {path}"),
    "same": Text("= {path}（已在，未改动）", "= {path} (there already, unchanged)"),
    "kept": Text(
        "! {path}（已在，内容不同：保留你的文件；要新的请换一个目录）",
        "! {path} (there already and changed: yours is kept; for a new one name another directory)",
    ),
}


def notebooks(
    directory: Annotated[Path, typer.Argument(help="目标目录 / where to copy them")] = Path("notebooks"),
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """复制笔记本 / Copy the notebooks.

    把随包的笔记本复制到目录里，用 JupyterLab 打开即可运行；不会覆盖改过的文件。

    Copy the notebooks that come along to a directory, to be run in JupyterLab; a file that was changed is never
    replaced.

    Example: ytxdata notebooks my-notebooks
    """
    from ytxdata.pages.notebook import copy_all

    copies = copy_all(directory)
    if as_json:
        emit({"files": {str(path): state for path, state in copies}})
        return
    for path, state in copies:
        say(_STATES[state], path=path)
    say(f"jupyter lab {directory}")


def _one_of(zh: str, en: str) -> str:
    return f"{zh}，取值见 --choices / {en}; --choices lists the values"


def emulator(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="CMD", help="与 --run 一起：要运行的命令 / with --run: the command to run"),
    ] = None,
    run: Annotated[
        bool,
        typer.Option(
            "--run",
            help="启动后运行 CMD，其 YTX_* 设置指向模拟平台，CMD 结束即停止；写在最后"
            " / run CMD with the YTX_* settings that lead here, and stop when it ends; comes last",
        ),
    ] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="端口；0 为任意空闲端口 / port; 0 takes a free one")
    ] = 0,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="写入五行 YTX_* 设置 / write the five YTX_* lines to this file")
    ] = None,
    bill: Annotated[
        Path | None,
        typer.Option("--bill", help="把平台的账单写入此 CSV，可作旁证 / write the platform's bill as CSV: a witness"),
    ] = None,
    console_list: Annotated[
        Path | None,
        typer.Option("--console-list", help="把控制台导出的会议列表写入此 CSV / write what a console exports as CSV"),
    ] = None,
    calls: Annotated[
        Path | None,
        typer.Option("--calls", help="把通话记录写入此 JSON / write the platform's call records as JSON"),
    ] = None,
    bill_without: Annotated[
        int,
        typer.Option(
            "--bill-without", min=0, help="账单和上述列表缺少的行数 / lines that the bill and those lists lack"
        ),
    ] = 0,
    meetings: Annotated[int, typer.Option("--meetings", min=0, help="已开过的会议数 / meetings held so far")] = 2026,
    accounts: Annotated[
        int, typer.Option("--accounts", min=1, help="账户数，每个账户是一家公司 / accounts, a company each")
    ] = 1,
    fleet_file: Annotated[
        Path | None,
        typer.Option(
            "--fleet-file", help="把全部账户写成 fleet.toml / write all accounts as a fleet.toml for `ytxdata fleet`"
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="公司的随机种子 / seed of the company")] = 1,
    until: Annotated[
        str | None,
        typer.Option("--until", help="公司的当前时刻，默认今天零点 / the company's clock; today 00:00 by default"),
    ] = None,
    planted: Annotated[
        bool, typer.Option("--planted", help="埋入审计案例 / plant the cases an audit must find")
    ] = False,
    shape: Annotated[str, typer.Option("--shape", help=_one_of("data 的形状", "shape of data"))] = "array",
    dialect: Annotated[
        str, typer.Option("--dialect", help=_one_of("字段名与取值写法", "names and forms of values"))
    ] = "vendor",
    encoding: Annotated[str, typer.Option("--encoding", help="utf-8 | gb18030")] = "utf-8",
    order: Annotated[str, typer.Option("--order", help=_one_of("记录顺序", "order of the records"))] = "newest",
    cap: Annotated[int | None, typer.Option("--cap", min=1, help="隐藏的条数上限 / hidden cap on records")] = None,
    retention: Annotated[
        float | None, typer.Option("--retention", min=0, help="只保留最近几天 / days the platform remembers")
    ] = None,
    rate_limit: Annotated[
        int | None, typer.Option("--rate-limit", min=1, help="每秒允许的请求数 / requests a second")
    ] = None,
    max_age: Annotated[
        float, typer.Option("--max-age", min=0, help="签名有效秒数 / seconds an Authorization is valid")
    ] = 600,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", help=_one_of("故障，可重复", "a fault, repeatable"))
    ] = None,
    choices: Annotated[bool, typer.Option("--choices", help="列出可选值后退出 / list the values and exit")] = False,
    _lang: Language = None,
) -> None:
    """模拟平台 / Serve the emulated platform.

    在本机提供模拟平台：真实的 HTTP、真实的签名校验、一家虚构的公司。

    Serve the emulated platform on this machine: real HTTP, real signatures, an invented company.

    Example: ytxdata emulator --meetings 300 --run ytxdata fetch --count 5
    """
    from ytxdata import emulator as served
    from ytxdata.emulator import CHOICES, KINDS, Options

    if run != bool(command):
        raise UsageError(
            Text("--run 后面要写命令，命令前面要写 --run", "--run takes a command, and a command stands behind --run"),
            remedy=Text("例如 --run ytxdata fetch", "such as --run ytxdata fetch"),
        )
    if run and env_file:
        raise UsageError(Text("--run 与 --env-file 不能同时使用", "--run and --env-file exclude each other"))

    if choices:
        for name, values in {**CHOICES, "fault": tuple(KINDS)}.items():
            put(f"{name}: {' '.join(values)}")
        return
    options = Options(
        port=port,
        meetings=meetings,
        accounts=accounts,
        seed=seed,
        until=until,
        planted=planted,
        shape=shape,
        dialect=dialect,
        encoding=encoding,
        order=order,
        cap=cap,
        retention_days=retention,
        rate_limit=rate_limit,
        max_age_s=max_age,
        faults=tuple(fault or ()),
    )

    def prepare(server: served.Emulator) -> None:
        if bill is not None:
            served.write_bill(bill, server.truth()["invoice"], bill_without)
        if console_list is not None:
            served.write_console_list(console_list, server.truth()["meetings"], bill_without)
        if calls is not None:
            served.write_calls(calls, server.truth()["legs"], bill_without)
        if fleet_file is not None:
            served.write_fleet_file(fleet_file, server.fleet)

    if command:
        raise typer.Exit(served.run(options, command, prepare=prepare))
    served.serve(options, env_file=env_file, prepare=prepare)
