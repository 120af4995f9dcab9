"""A company that exists only here: the main job from end to end, sample data in one line, and the door through which
notebooks come in.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Literal, overload

from ytxdata import times
from ytxdata.errors import UsageError, require_extra
from ytxdata.files import refuse_archive, telling_unwritable
from ytxdata.labels import Text, counted, preferred_lang

if TYPE_CHECKING:
    from ytxdata.archive import Archive, SyncReport
    from ytxdata.history.client import Client
    from ytxdata.history.history import History
    from ytxdata.records.answer import Answer

STEPS = {
    "serve": Text("启动模拟平台", "start the emulated platform"),
    "sync": Text("拉取会议历史", "pull the history"),
    "tables": Text("写出表格", "write the tables"),
    "pictures": Text("绘制图片", "draw the pictures"),
    "notebook": Text("运行笔记本", "run the notebook"),
}
"""What the demo does, in order."""

_WHY_NOT_PROVEN = Text(
    "完整性要靠以后的同步来证实：一次回答看不出它漏了什么（见 docs/zh/completeness.md）",
    "completeness is proven by later syncs: one answer cannot show what it leaves out (see docs/completeness.md)",
)

NOTEBOOK = "01_quickstart.ipynb"


@dataclass(frozen=True)
class Demo:
    """What a run of the demo left behind: the report on the sync, and the files by what they are."""

    sync: SyncReport
    n_meetings: int
    n_legs: int
    files: dict[str, Path]

    @property
    def lines(self) -> list[Text]:
        """What a person is told at the end."""
        names = {
            "meetings": Text("会议", "meetings"),
            "legs": Text("接入", "legs"),
            "usage": Text("每月用量", "usage by month"),
            "usage_picture": Text("用量图", "picture of usage"),
            "heatmap_picture": Text("星期 × 小时", "weekday × hour"),
            "notebook": Text("快速入门笔记本", "quickstart notebook"),
            "archive": Text("存档", "archive"),
        }
        return [
            self.sync.line,
            Text(
                f"存档共有 {self.n_meetings:,} 场会议、{self.n_legs:,} 条接入记录",
                f"the archive holds {counted(self.n_meetings, 'meeting')} and {counted(self.n_legs, 'leg')}",
            ),
            self.sync.certificate.sentence,
            _WHY_NOT_PROVEN,
            *(Text(f"  {names[key].zh}：{path}", f"  {names[key].en}: {path}") for key, path in self.files.items()),
            Text(
                "每个 CSV 旁的 .about.json 写明口径、完整性和校验和",
                "the .about.json beside each CSV holds its definitions, completeness and checksum",
            ),
            Text(
                "下一步：设置 YTX_ACCOUNT_SID、YTX_AUTH_TOKEN、YTX_APP_ID，然后运行 ytxdata doctor",
                "next: set YTX_ACCOUNT_SID, YTX_AUTH_TOKEN and YTX_APP_ID, then run ytxdata doctor",
            ),
        ]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data for JSON."""
        return {
            "sync": self.sync.to_dict(),
            "meetings": self.n_meetings,
            "legs": self.n_legs,
            "files": {key: str(path) for key, path in self.files.items()},
        }


def run(
    out: str | Path,
    *,
    meetings: int = 2026,
    seed: int = 1,
    notebook: bool = True,
    step: Callable[[str], None] = lambda _: None,
) -> Demo:
    """Serve a company, pull its history into an archive, and write tables, pictures and a notebook to `out`.

    Parameters
    ----------
    out
        The directory; an archive that is in it from an earlier run is used again.
    meetings, seed
        The company.
    notebook
        Whether to run the quickstart notebook; it takes most of the time.
    step
        Called with the key of each of `STEPS` as it begins.

    Raises
    ------
    MissingExtraError
        The extra `demo` is not installed.
    UsageError
        The directory is an archive's, or cannot be written.
    """
    from ytxdata.archive import Archive
    from ytxdata.emulator import Emulator
    from ytxdata.history.client import Client

    if notebook:
        require_extra("notebooks")
    folder = Path(out)
    refuse_archive(folder)
    with telling_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    step("serve")
    with Emulator(meetings=meetings, seed=seed) as server:
        step("sync")
        archive = Archive(folder / f"company-{seed}-{meetings}.archive")
        done = archive.sync(Client(base_url=server.url, **server.credentials))
        files, n_meetings, n_legs = _write(archive, folder, step)
        step("notebook")
        if notebook:
            from ytxdata.pages.notebook import write_page_of

            env = {**server.env, "YTX_ARCHIVE": str(Path(archive.path).resolve())}
            title = Text("ytxdata 快速入门", "ytxdata quickstart")
            files["notebook"] = write_page_of(NOTEBOOK, folder, title, preferred_lang(), env=env)
    files["archive"] = Path(archive.path)
    return Demo(done, n_meetings, n_legs, files)


def _write(archive: Archive, folder: Path, step: Callable[[str], None]) -> tuple[dict[str, Path], int, int]:
    """Write the tables and the pictures."""
    from ytxdata import metrics
    from ytxdata.plots import save
    from ytxdata.tables.table import record_table

    step("tables")
    certificate = archive.certificate()
    meetings, legs = archive.meetings(), archive.legs()
    usage = metrics.usage(archive, by="month")
    heatmap = metrics.heatmap(archive)
    files = {
        "meetings": record_table(meetings, "meetings", certificate=certificate).to_csv(folder / "meetings.csv"),
        "legs": record_table(legs, "legs", certificate=certificate).to_csv(folder / "legs.csv"),
        "usage": usage.to_csv(folder / "usage_monthly.csv"),
    }
    step("pictures")
    lang = preferred_lang()
    for key, report in {"usage_picture": usage, "heatmap_picture": heatmap}.items():
        files[key] = save(report.plot(lang=lang), folder / f"{key.removesuffix('_picture')}.png")
    return files, len(meetings), len(legs)


def connect() -> tuple[Client, Archive]:
    """Return a client and an archive for a notebook: the account that is set, else a company served in this process.

    The archive is the directory `YTX_ARCHIVE`, else `meetings.archive` for an account or `demo.archive` for the
    company, where the notebook runs.

    Raises
    ------
    SettingsError
        An account is set, but not wholly.
    MissingExtraError
        No account is set and the extra `demo` is not installed.
    """
    from ytxdata.archive import Archive
    from ytxdata.history.client import Client
    from ytxdata.platform.settings import Settings

    if Settings.is_set():
        return Client(), Archive(os.environ.get("YTX_ARCHIVE", "meetings.archive"))
    from ytxdata.emulator import Emulator

    server = Emulator().__enter__()
    _served.append(server)
    return Client(base_url=server.url, **server.credentials), Archive(os.environ.get("YTX_ARCHIVE", "demo.archive"))


_served: list[object] = []
"""Servers that live as long as the notebook's process."""


# ── sample data: records in a file, no server ──
SAMPLE = Path(__file__).parent / "sample.parquet"
"""Every text of every record of the sample, and from when until when the platform lists it
(`scripts/build_sample.py`).
"""

SAMPLE_ENDS = datetime(2026, 1, 1, 2, tzinfo=times.BEIJING)

_CAP = 150
_SYNCS = ("2025-07-01", "2025-08-01", "2025-11-01", "2025-12-01", "2025-12-16", "2025-12-31")
"""When the sample archive was synced (10:00), before its last sync: nobody did so for three months, longer than an
answer reaches.
"""

_BILLS = ("2025-07", "2025-08")
"""Months whose bill is at hand: one that the archive holds whole, and one in which the gap begins."""


@dataclass
class _Company:
    """The sample's company as its platform lists it at an instant; asked like a client, without a network."""

    now: datetime = SAMPLE_ENDS
    cap: int | None = None
    identity: tuple[str, str] = ("sample", "sample")

    @cached_property
    def held(self) -> list[tuple[datetime, datetime | None, bytes]]:
        import pyarrow.parquet as pq

        table = pq.read_table(SAMPLE)
        return list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Return the newest records, as the platform would answer."""
        from ytxdata.records.answer import read_answer

        listed = [raw for since, until, raw in self.held if since <= self.now and (until is None or self.now < until)]
        given = listed[::-1][: min(meetingcount, self.cap or len(listed))]
        body = b'{"statusCode":"0","statusMsg":"\xe6\x88\x90\xe5\x8a\x9f","data":[%b],"requestId":"%b"}' % (
            b",".join(given),
            f"{self.now:%Y%m%d%H%M%S}{meetingcount:015d}".encode(),
        )
        self.now += timedelta(seconds=1)  # the next question is a later one
        return read_answer(body, asked_at=self.now, asked_n=meetingcount, confid=confid, source="sample")


@overload
def sample(what: Literal["history"] = "history") -> History: ...
@overload
def sample(what: Literal["archive"]) -> Archive: ...
def sample(what: Literal["history", "archive"] = "history") -> History | Archive:
    """Return two years of an invented company, without a server and without a network.

    Parameters
    ----------
    what
        `history`: all its meetings of 2024 and 2025. `archive`: the same as an archive in a temporary folder, which
        goes with the process: synced now and then, with a gap of weeks where nobody synced in time, meetings that
        changed after they had ended, and the bills of two months as witnesses.

    Raises
    ------
    UsageError
        There is no such sample.

    Notes
    -----
    Nobody in it exists and no number can be dialled. It is the same on every machine. The first archive of a process
    takes a second or two, since it is synced; each is a copy of its own.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> history.meetings["started_at"].dt.year.value_counts().sort_index().index.tolist()
    [2024, 2025]
    >>> len(history.meetings), len(ytx.metrics.usage(history, by="month"))
    (1349, 24)
    """
    from ytxdata.history.history import History

    if what == "history":
        return History.from_answers([_Company().query_meeting("", 10_000)])
    if what == "archive":
        from ytxdata.archive import Archive

        return Archive(copytree(_synced(), _folder() / "sample.archive"))
    raise UsageError(
        Text(f"没有样本 {what!r}", f"there is no sample {what!r}"),
        remedy=Text("可选：history、archive", "choose history or archive"),
    )


def _folder() -> Path:
    folder = Path(mkdtemp(prefix="ytxdata-sample-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    return folder


@cache
def _synced() -> Path:
    """Return where the sample's archive lies that all others of this process are copies of: whoever writes to one
    changes no other."""
    from ytxdata.archive import Archive
    from ytxdata.archive.sync import sync
    from ytxdata.history.proof.policy import DEFAULT_POLICY

    archive, company = Archive(_folder() / "sample.archive"), _Company()
    for day in _SYNCS:
        company.now = datetime.fromisoformat(f"{day}T10:00:00+08:00")
        sync(archive.path, company, None, 0, DEFAULT_POLICY, company.now)
        company.cap = _CAP
    company.now = SAMPLE_ENDS
    sync(archive.path, company, None, 0, DEFAULT_POLICY, company.now)
    for month in _BILLS:
        start = datetime.fromisoformat(f"{month}-01T00:00:00+08:00")
        end = (start + timedelta(days=31)).replace(day=1)
        bill, n = _bill(start, end)
        archive.witness(bill, kind="invoice", start=start, end=end, name=f"bill-{month}.csv", totals={"lines": n})
    return archive.path


def _bill(start: datetime, end: datetime) -> tuple[bytes, int]:
    """Return what was billed for the meetings of a month, as a CSV, and how many lines that is."""
    meetings = sample().meetings
    billed = meetings[(meetings["started_at"] >= start) & (meetings["started_at"] < end)].dropna(subset="amount_yuan")
    told = billed[["meeting_id", "started_at", "duration_s", "amount_yuan"]]
    return told.to_csv(index=False, date_format="%Y-%m-%d %H:%M:%S", lineterminator="\r\n").encode(), len(billed)
