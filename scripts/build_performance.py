"""Write the pages on performance, in both languages, from `benchmarks/results.json`: they say what was measured.

Usage: python scripts/build_performance.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ytxdata.labels import Lang, Text

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGES: dict[Lang, Path] = {"en": ROOT / "docs" / "performance.md", "zh": ROOT / "docs" / "zh" / "performance.md"}

HEAD = Text(
    """# 性能

本页由 `benchmarks/results.json` 生成：每一节是一次运行，同一节里的各种做法都在同一次运行中、各在自己的进程里测得。数字取决于机器，以及当时还有什么在运行（负载）；可比的是比值。忙时看 CPU 秒数，实际耗时取决于还剩几个核。各项取舍和没有奏效的尝试见[设计决策](decisions.md)。
""",
    """# Performance

This page is made from `benchmarks/results.json`: a section is one run, in which all ways of a section were measured, each in a process of its own. Numbers depend on the machine, and on what else it did at the time (its load); ratios can be compared. Where it was busy, read CPU seconds: wall time depends on the cores that were left. What was tried, and what did not help, stands in the [decisions](decisions.md).
""",
)  # fmt: skip

_WAYS = {
    "json.loads + json_normalize": Text("`json.loads` + `json_normalize`（未定类型）", "`json.loads` + `json_normalize`, untyped"),
    "the same, then typed": Text("同上，再定类型", "the same, then typed"),
    "orjson.loads (parse only)": Text("`orjson.loads`（仅解析）", "`orjson.loads`, parsing alone"),
    "dlt: answer to DuckDB": Text("dlt：写入 DuckDB", "dlt, into DuckDB"),
    "ytxdata: answer to tables": Text("**ytxdata**：定类型的表", "**ytxdata**, typed tables"),
    "ytxdata: every record odd": Text("ytxdata：每条记录形状都不同", "ytxdata, no two records alike"),
    "sql": Text("手写 SQL（DuckDB）", "SQL by hand, on DuckDB"),
    "tuned": Text("手写 SQL，编号为整数", "the same SQL over integer ids"),
    "narwhals": Text("**ytxdata**（DuckDB）", "**ytxdata** on DuckDB"),
    "pandas": Text("ytxdata（pandas）", "ytxdata on pandas"),
}  # fmt: skip

_MIXES = {
    "mobiles": Text("少数人的手机号码", "mobiles of few people"),
    "mixed": Text("手机、固话、分机、境外号码混合", "mobiles, landlines, extensions, foreign numbers"),
    "landlines": Text("各不相同的固话", "landlines, all distinct"),
    "odd": Text("每十条有一条形状不同", "every tenth record in another shape"),
    "nested": Text("每十条有一条内含未知的对象和列表", "every tenth record with an unknown object and list in it"),
}


def page(lang: Lang) -> str:
    """Return the page in one language."""
    results = json.loads(RESULTS.read_text("utf-8"))
    return "\n".join(
        [
            HEAD.in_(lang),
            *(line for part in (_parsing, _reports, _archives, _others, _cluster) for line in part(lang, results)),
        ]
    )


def _parsing(lang: Lang, results: dict[str, Any]) -> Iterator[str]:
    entry = results.get("parsing")
    if entry is None:
        return
    asked, figures = entry["asked"], entry["figures"]
    yield Text("## 从回答到表格\n", "## From an answer to tables\n").in_(lang)
    yield Text(
        f"{asked['meetings']:,} 场会议，每场 {asked['legs']} 条接入；CPU 秒，括号内为本软件的倍数（大于 1：本软件更快）。`python -m benchmarks.parsing`\n",
        f"{asked['meetings']:,} meetings with {asked['legs']} legs each; CPU seconds, and how many times ours that is (above 1: ours is quicker). `python -m benchmarks.parsing`\n",
    ).in_(lang)
    mixes = [mix for mix in _MIXES if mix in figures["cpu_s"]]
    yield _row("", *(_MIXES[mix].in_(lang) for mix in mixes))
    yield _row("---", *("---:" for _ in mixes))
    for way, called in _WAYS.items():
        cells = [
            f"{figures['cpu_s'][mix][way]:.2f} ({figures['times_ours'][mix][way]:.2f} ×)"
            if way in figures["cpu_s"][mix]
            else "–"
            for mix in mixes
        ]
        if set(cells) != {"–"}:
            yield _row(called.in_(lang), *cells)
    yield _measured(lang, entry)


def _reports(lang: Lang, results: dict[str, Any]) -> Iterator[str]:
    found = {name: entry for name, entry in results.items() if name.startswith("reports-")}
    if found:
        yield Text("## 报表\n", "## Reports\n").in_(lang)
    for entry in sorted(found.values(), key=lambda one: int(one["asked"]["meetings"])):
        asked = entry["asked"]
        yield Text(
            f"{asked['meetings']:,} 场会议、{asked['meetings'] * asked['legs']:,} 条接入的十种报表；各种做法的合计一致。`python -m benchmarks.reports`\n",
            f"Ten reports on {asked['meetings']:,} meetings with {asked['meetings'] * asked['legs']:,} legs; the totals of all ways agree. `python -m benchmarks.reports`\n",
        ).in_(lang)
        heads = Text(
            "CPU 秒|历时（秒）|内存峰值 MB|本软件 ÷ 此做法（CPU）", "CPU s|wall s|peak MB|ours ÷ this way (CPU)"
        )
        yield _row("", *heads.in_(lang).split("|"))
        yield _row("---", "---:", "---:", "---:", "---:")
        for way, took in entry["figures"]["sides"].items():
            ratio = entry["figures"]["ours_to"].get(way)
            yield _row(
                _WAYS[way].in_(lang), f"{took['cpu_s']:.1f}", f"{took['wall_s']:.1f}", f"{took['memory_mb']:,.0f}",
                f"{ratio['cpu_s']:.2f}" if ratio else "",
            )  # fmt: skip
        yield _measured(lang, entry)


def _archives(lang: Lang, results: dict[str, Any]) -> Iterator[str]:
    runs = [(name, entry) for name in ("sync", "half_hours") if (entry := results.get(name)) is not None]
    if runs:
        yield Text("## 存档\n", "## Archives\n").in_(lang)
    for name, entry in runs:
        yield Text(f"`python -m benchmarks.{name}`；比值，越小越好。\n", f"`python -m benchmarks.{name}`; ratios, the less the better.\n").in_(lang)  # fmt: skip
        yield _row(*Text("什么|比值|目标|", "what|ratio|aim|").in_(lang).split("|"))
        yield _row("---", "---:", "---:", "---")
        for what, took in entry["figures"].items():
            if isinstance(took, dict):
                said = Text("达到", "met") if took["ratio"] <= took["aim"] else Text("**未达到**", "**missed**")
                yield _row(what, f"{took['ratio']:.2f}", f"{took['aim']}", said.in_(lang))
        yield _measured(lang, entry)


def _others(lang: Lang, results: dict[str, Any]) -> Iterator[str]:
    if (entry := results.get("periods")) is not None:
        yield Text("## 十年存档的月报\n", "## A month of ten years\n").in_(lang)
        yield Text(
            "同样的月份，存档含一年或十年；整整十年，以及保留各月数字时的首次与再次；CPU 秒。`python -m benchmarks.periods`\n",
            "The same month of an archive of one year and of ten; all of the ten years, and where months are kept the first time and again; CPU seconds. `python -m benchmarks.periods`\n",
        ).in_(lang)
        heads = {
            "one_month": Text("一年：一个月", "one year: the month"),
            "ten_month": Text("十年：一个月", "ten years: the month"),
            "ten_all": Text("十年：全部", "ten years: all"),
            "ten_first": Text("首次", "the first time"),
            "ten_again": Text("再次", "again"),
        }
        yield _row("", *(head.in_(lang) for head in heads.values()))
        yield _row("---", *("---:" for _ in heads))
        for name, took in entry["figures"].items():
            yield _row(f"`{name}`", *(f"{took[key]:.2f}" if key in took else "" for key in heads))
        yield _measured(lang, entry)
    if (entry := results.get("fleet")) is not None:
        asked, figures = entry["asked"], entry["figures"]
        yield Text("## 多个账户\n", "## Many accounts\n").in_(lang)
        yield Text(
            f"{asked['accounts']:,} 个账户的安静同步：{figures['seconds']['fleet']:.1f} 秒，每个账户 {figures['calls_each']:.1f} 次调用，内存 {figures['peak_mb']:,.0f} MB；为不用账户群的相同同步的 {figures['ratios']['beside_calls_and_commits']:.2f} 倍。`python -m benchmarks.fleet`",
            f"A quiet sync of {asked['accounts']:,} accounts: {figures['seconds']['fleet']:.1f} s, {figures['calls_each']:.1f} calls each, {figures['peak_mb']:,.0f} MB; {figures['ratios']['beside_calls_and_commits']:.2f} × the same syncs without a fleet. `python -m benchmarks.fleet`",
        ).in_(lang)
        yield _measured(lang, entry)


def _cluster(lang: Lang, results: dict[str, Any]) -> Iterator[str]:
    if (entry := results.get("cluster")) is None:
        return
    asked, figures = entry["asked"], entry["figures"]
    sizes = sorted(figures["sizes"].items(), key=lambda one: int(one[0]))
    first, last = int(sizes[0][0]), int(sizes[-1][0])
    yield Text("## 集群\n", "## A cluster\n").in_(lang)
    yield Text(
        f"{asked['accounts']} 个账户的报表，Spark 独立集群：一个 master、{asked['workers']} 个各一核的工作节点，都在同一台机器上；每份报表都从存档读起。CPU 是各工作节点的，交换量是它们互相传递的数据；不超过 {asked['compared']:,} 条接入时，数字与 DuckDB 的逐格一致。接入从 {first:,} 条增加到 {last:,} 条（{last / first:.0f} 倍）：CPU 为 {figures['growth']['cpu_s']:.1f} 倍，墙钟时间为 {figures['growth']['wall_s']:.1f} 倍，交换量为 {figures['growth']['shuffle_mb']:.1f} 倍。`python -m benchmarks.cluster`\n",
        f"Reports of {asked['accounts']} accounts on a standalone cluster of Spark: a master and {asked['workers']} workers of one core, all on one machine; each report begins at the archives. CPU is that of the workers, shuffle what they hand to each other; up to {asked['compared']:,} legs the numbers are those of DuckDB, cell by cell. From {first:,} to {last:,} legs ({last / first:.0f} ×): {figures['growth']['cpu_s']:.1f} × the CPU, {figures['growth']['wall_s']:.1f} × the wall time, {figures['growth']['shuffle_mb']:.1f} × the shuffle. `python -m benchmarks.cluster`\n",
    ).in_(lang)
    heads = Text("接入|报表|墙钟秒|CPU 秒|交换 MB|行", "legs|report|wall s|CPU s|shuffle MB|rows")
    yield _row(*heads.in_(lang).split("|"))
    yield _row("---:", "---", "---:", "---:", "---:", "---:")
    for legs, reports in sizes:
        for name, took in reports.items():
            cells = (
                f"{took['wall_s']:.1f}",
                f"{took['cpu_s']:.1f}",
                f"{took['shuffle_mb']:,.0f}",
                f"{took['rows']:,.0f}",
            )
            yield _row(f"{int(legs):,}", f"`{name}`", *cells)
    yield _measured(lang, entry)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _measured(lang: Lang, entry: dict[str, Any]) -> str:
    """Say when, on what, and with which versions."""
    machine = entry["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in entry["versions"].items())
    return Text(
        f"\n{entry['measured_at']} 测得：{machine['processor']}，{machine['cores']} 核，{machine['memory_gb']} GB，{machine['system']}，结束时负载 {machine['load']}；{versions}。\n",
        f"\nMeasured on {entry['measured_at']}: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, load at the end {machine['load']}; {versions}.\n",
    ).in_(lang)


def main() -> None:
    """Write both pages."""
    for lang, path in PAGES.items():
        path.write_text(page(lang), encoding="utf-8")


if __name__ == "__main__":
    main()
