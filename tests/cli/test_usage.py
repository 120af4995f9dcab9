"""What the command line says of itself and of what was typed wrong: in the one language of its reader."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import typer

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata.audit import read_config
from ytxdata.cli import app, main
from ytxdata.cli.app import in_both
from ytxdata.errors import DamagedError, UsageError
from ytxdata.labels import Text
from ytxdata.metrics.tariff import Tariff
from ytxdata.tables.address_book import AddressBook


@pytest.mark.slow
def test_what_is_not_there_is_told_as_such_in_one_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lost = tmp_path / "没有"
    for read in (ytx.read_csv, Tariff.load, AddressBook.read, read_config):
        with pytest.raises(UsageError) as caught:
            read(lost)
        assert (caught.value.cause.zh, caught.value.remedy) == (
            f"没有这个文件：{lost}",
            Text("检查路径", "check the path"),
        )
        with pytest.raises(UsageError) as caught:
            read(tmp_path)
        assert caught.value.cause.zh == f"{tmp_path} 是目录，应为文件"
    archive = str(ytx.sample("archive").path)
    assert run("--lang", "zh", "report", "--archive", archive, "--book", str(lost), "--out", str(tmp_path / "o")) == 2
    assert capsys.readouterr().err.splitlines() == [f"没有这个文件：{lost}", "→ 检查路径"]


def test_wrong_usage_and_help_speak_one_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--lang", "zh", "--nonsense") == 2
    assert capsys.readouterr().err.splitlines()[0].endswith(" [选项] 命令 [参数]...")
    assert run("--lang", "en", "explain", "--help") == 0
    assert capsys.readouterr().out.count("Example: ytxdata explain") == 2
    monkeypatch.setenv("YTX_LANG", "cn")
    assert run("sql", "select 1") == 2
    assert "--lang (YTX_LANG) cannot be 'cn'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["fetch", "--count", "0"], ["nonsense"], ["fetch", "--count", "1", "--confid", "2"], ["--lang", "xx", "doctor"]],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert run(*arguments) == 2


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (
            ["report", "--month", "2026-03"],
            "没有选项 --month（期间用 --from 和 --to）",
            "(--from and --to give the period)",
        ),
        (
            ["fetch", "--from", "2026-07"],
            "没有选项 --from（fetch 不分期间，平台只给最新的若干条；",
            "No such option: --from (fetch takes no period: the platform gives the newest records",
        ),
        (
            ["export", "out", "--to", "2026-07"],
            "export 不分期间；期间用 ytxdata report",
            "export takes no period; ytxdata report takes one",
        ),
        (["export", __file__], "是文件，应为目录", "is a file"),
        (["report", "--lines", "many"], "'--lines' 的值不可用：应为整数", "Invalid value for '--lines'"),
        (["fetch", "--count", "0"], "'--count' 的值不可用：", "Invalid value for '--count'"),
        (["nonsense"], "没有命令 'nonsense'", "No such command 'nonsense'"),
        (["explain", "--rwo", "1"], "没有选项 --rwo", "No such option: --rwo"),
        (["sql", "--json", "select 1"], "请用 --format json", "--format json does that"),
        (["report", "--archive"], "选项 '--archive' 后面缺少值", "Option '--archive' requires an argument"),
        (["sync", "--json=3"], "选项 '--json' 不带值", "Option '--json' does not take a value"),
        (["pack", "a", "b"], "多余的参数：b", "Got unexpected extra argument"),
        (["verify"], "缺少参数", "Missing argument"),
        (["report", "--tariff", "nofile"], "'nofile' 不存在", "'nofile' does not exist"),
        (["--lang", "xx", "doctor"], "--lang（YTX_LANG）不能是 'xx'", "--lang (YTX_LANG) cannot be 'xx'"),
    ],
)
def test_wrong_usage_is_told_in_the_language_of_the_reader(
    arguments: list[str], zh: str, en: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for lang, said in (("zh", zh), ("en", en)):
        monkeypatch.setenv("YTX_LANG", lang)
        assert run(*arguments) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("start", "end", "meant"),
    [
        ("2026-07", "2026-07", "for the whole of 2026-07 give --to 2026-08"),
        ("2026-12", "2026年12月", "for the whole of 2026年12月 give --to 2027-01"),
        ("2026-01", "2026-01-01", "for the whole of 2026-01-01 give --to 2026-01-02"),
        ("2026-02-28", "2026/2/28", "for the whole of 2026/2/28 give --to 2026-03-01"),
        ("20261231", "20261231", "for the whole of 20261231 give --to 2027-01-01"),
        ("2026-08", "2026-07", "exchanged: --from 2026-07 --to 2026-08"),
        ("2026-07-01T10:00", "2026-07-01T10:00", "not included: it must be later than the start"),
    ],
)
def test_an_empty_period_is_refused_with_what_was_probably_meant(
    start: str,
    end: str,
    meant: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A month to itself is what most people write first."""
    monkeypatch.chdir(tmp_path)
    Path("bill.csv").write_text("meeting_id,started_at\n1,2026-07-01 10:00:00\n", encoding="utf-8")
    archive = str(ytx.sample("archive").path)
    for verb in (["report"], ["audit"], ["witness", "bill.csv"]):
        assert run("--lang", "en", *verb, "--archive", archive, "--from", start, "--to", end) == 2
        assert meant in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("zh_CN", "这里没有"), ("zh-CN", "这里没有"), ("zh_CN.UTF-8", "这里没有"), ("ZH", "这里没有"),
        ("en_US.UTF-8", "there is no"), ("EN", "there is no"), ("fr_FR", "choose one of zh, en, both"), ("zhen", "choose one of zh, en, both"),
    ],
)  # fmt: skip
def test_the_name_of_a_locale_says_a_language(
    said: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YTX_LANG", said)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert run("report", "--archive", str(tmp_path / "nowhere")) == 2
    assert told in capsys.readouterr().err
    assert run("report", "--archive", str(tmp_path / "nowhere"), "--lang", said) == 2
    assert told in capsys.readouterr().err


def test_whoever_has_no_account_is_shown_a_way_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("YTX_ACCOUNT_SID", "YTX_AUTH_TOKEN", "YTX_APP_ID"):
        monkeypatch.delenv(name, raising=False)
    assert run("--lang", "en", "fetch") == 2
    assert "ytxdata emulator --run" in capsys.readouterr().err
    assert run("--lang", "en", "fetch", "--account-sid", "a" * 32) == 2
    assert "ytxdata emulator --run" not in capsys.readouterr().err


def test_the_language_counts_even_when_it_stands_behind_the_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "--rwo", "1", "--lang", "zh") == 2
    told = capsys.readouterr().err
    assert "没有选项" in told
    assert "No such" not in told


@pytest.mark.parametrize(
    ("said", "zh"),
    [
        ("Invalid value for '--lines': 'x' is not a valid integer.", "'--lines' 的值不可用：应为整数"),
        ("Invalid value for '--count': 0 is not in the range x>=1.", "'--count' 的值不可用：0 不在范围 x>=1 内"),
        ("Got unexpected extra arguments (a b)", "多余的参数：a b"),
        ("No such option: --rwo Did you mean --row?", "没有选项 --rwo（您是想写 --row 吗？）"),
        (
            "No such option '--rwo'. (Possible options: '--row', '--to')",
            "没有选项 --rwo（您是想写 '--row', '--to' 吗？）",
        ),
        ("Missing option '--out'.", "缺少选项 '--out'"),
    ],
)
def test_other_versions_of_the_parser_say_the_same_in_other_words(said: str, zh: str) -> None:
    assert in_both(said) == (zh, said)


@pytest.mark.parametrize(
    ("package", "verb"),
    [
        ("xlsxwriter", ["report", "--format", "excel"]),
        ("xlsxwriter", ["report", "--format", "all"]),
        ("papermill", ["report", "--notebook"]),
        ("nbclient", ["demo"]),
        ("starlette", ["demo", "--no-notebook"]),
        ("cryptography", ["pack", "--sign", "key.pem"]),
    ],
)
def test_a_missing_extra_is_told_before_work_begins(
    package: str, verb: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in [name for name in sys.modules if name.partition(".")[0] == package or name == "ytxdata.emulator"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert run("--lang", "en", *verb) == 2
    told = capsys.readouterr().err
    assert "this needs the extra `" in told
    assert f"run pip install '{package}" in told
    assert list(here.iterdir()) == []


def verbs() -> list[list[str]]:
    from typer.main import get_command

    found = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found += [[name, sub] for sub in getattr(command, "commands", {})] or [[name]]
    return found


@pytest.mark.parametrize("verb", [[], *verbs()], ids=" ".join)
def test_every_verb_explains_itself_in_the_session_s_language_with_an_example(
    verb: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {}
    for lang in ("zh", "en", "both"):
        monkeypatch.setenv("YTX_LANG", lang)
        assert run(*verb, "--help") == 0
        said[lang] = capsys.readouterr().out
        assert not verb or f"ytxdata {' '.join(verb)}" in re.sub(r"^Usage.*|^用法.*", "", said[lang])
    assert not re.search(r"[\u3000-\u303f\uff00-\uffef]|[\u4e00-\u9fff]{4}", said["en"])  # three: a department
    chinese = re.sub(r"(?:用法|示例)：.*(\n  \S.*)*", "", said["zh"])
    assert not re.search(r"(?:\b[a-z]{2,} ){3}", chinese)
    assert "default:" not in chinese
    assert len(said["both"]) > len(said["zh"])
    assert run(*verb, "--lang", "zh", "--help") == 0
    assert capsys.readouterr().out == said["zh"]


@pytest.mark.parametrize("raised", [RuntimeError("Query interrupted"), DamagedError(Text("坏了", "damaged")), None])
def test_ctrl_c_ends_a_run_as_such_whatever_a_library_makes_of_it(
    raised: Exception | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB, interrupted while it executes, raises an error of its own."""

    def interrupted(*_: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise raised or typer.Exit(5)

    monkeypatch.setattr("ytxdata.cli.report.address_book", interrupted)
    report = ("--lang", "en", "report", "--archive", str(tmp_path))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run(*report) == 130
        assert capsys.readouterr().err == "interrupted\n"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_error_nobody_knows_is_no_interrupt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr("ytxdata.cli.report.address_book", broken)
    with pytest.raises(RuntimeError):
        main(["report", "--archive", str(tmp_path)])
