"""`report --group`, `--only`: every file has the groups, figures are those of what was selected, and nothing else is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ytxdata as ytx
from ytxdata.archive import Archive
from ytxdata.cli import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def book(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the creators in two departments, one of them with a comma in its name."""
    numbers = sorted(set(archive.meetings()["creator"].dropna()))
    path = tmp_path_factory.mktemp("book") / "book.csv"
    lines = [f'{number},P{n},"{("市场部", "R,D")[n % 2]}"' for n, number in enumerate(numbers) if n % 3]
    path.write_text("\n".join(["number,name,department", *lines]) + "\n", encoding="utf-8")
    return path


def test_groups_reach_every_file(
    archive: Archive, book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (
        "report",
        "--archive",
        str(archive.path),
        "--out",
        str(tmp_path),
        "--by",
        "month",
        "--format",
        "all",
        "--json",
    )
    assert run(*asked, "--group", "department", "--book", str(book)) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    usage = ytx.read_csv(files["usage"])
    assert set(usage["group"]) == {"市场部", "R,D", "not in the book"}
    whole = ytx.metrics.usage(archive, by="month").frame.set_index("period")["meetings"]
    assert usage.groupby("period")["meetings"].sum().to_dict() == whole.to_dict()
    for name in ("sizes", "heatmap", "working_hours", "concurrency", "people"):
        assert "group" in ytx.read_csv(files[name]).columns, name
    (page,) = (Path(path).read_text("utf-8") for path in files.values() if path.endswith(".html"))
    assert "R,D" in page
    assert "not in the book" in page


def test_only_some_meetings_reach_every_file(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    creator = str(archive.meetings()["creator"].dropna().iloc[0])
    asked = ("report", "--archive", str(archive.path), "--out", str(tmp_path), "--json")
    assert run(*asked, "--only", f"creator={creator}", "--only", "min_minutes=1") == 0
    files = json.loads(capsys.readouterr().out)["files"]
    chosen = ytx.metrics.usage(archive.only(creator=creator, min_minutes=1), by="month").frame
    assert ytx.read_csv(files["usage"])["meetings"].tolist() == chosen["meetings"].tolist()
    assert len(ytx.read_csv(files["meetings"])) == chosen["meetings"].sum()
    about = json.loads(Path(files["usage"]).with_suffix(".about.json").read_text("utf-8"))
    assert any("min" in note["en"] and creator not in note["en"] for note in about["notes"])


@pytest.mark.parametrize(
    "wrong",
    [
        ("--group", "department"), ("--group", "shoe_size"), ("--group", "size_class", "--group-of", "leg"), ("--only", "creator"),
        ("--only", "colour=red"), ("--only", "min_minutes=long"), ("--only", "department=x"), ("--only", "name=("),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_ends_with_2(wrong: tuple[str, ...], archive: Archive, tmp_path: Path) -> None:
    assert run("report", "--archive", str(archive.path), "--out", str(tmp_path / "out"), *wrong) == 2
    assert not (tmp_path / "out").exists()
