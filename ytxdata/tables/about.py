"""What a CSV cannot say of itself, as JSON beside it; and the error of a file that is not what was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ytxdata.errors import FileDiffersError
from ytxdata.files import replacing, sha256_of
from ytxdata.labels import Text
from ytxdata.tables.described import Described
from ytxdata.tables.plain import type_name
from ytxdata.times import as_instant, now

FORMAT = "ytxdata.about/1"
SUFFIX = ".about.json"


def about(table: Described) -> dict[str, Any]:
    """Return title, period, zone, verdict, exclusions, notes and the definition of every column as plain data for JSON."""
    keys = table.arrow.column_names
    return {
        "format": FORMAT,
        "name": table.name,
        "title": table.title._asdict(),
        "rows": table.arrow.num_rows,
        "zone": table.zone,
        "period": None
        if table.period is None
        else {
            edge: as_instant(instant).isoformat() for edge, instant in zip(("start", "end"), table.period, strict=True)
        },
        "completeness": None
        if table.certificate is None
        else {"verdict": table.certificate.worst, **table.certificate.sentence._asdict()},
        "excluded": [
            {"reason": reason, **text._asdict(), "count": count} for reason, (text, count) in table.excluded.items()
        ],
        "notes": [note._asdict() for note in table.notes],
        "columns": [
            {**table.definition(key).to_dict(), "type": type_name(table.arrow.schema.field(key).type)} for key in keys
        ],
        "definitions": [definition.to_dict() for definition in table.definitions if definition.key not in keys],
    }


def about_path(path: Path) -> Path:
    """Return where the description of a file lies: `usage.csv` → `usage.about.json`, `usage.xlsx` → `usage.xlsx.about.json`."""
    return path.with_name(path.name + SUFFIX) if path.suffix == ".xlsx" else path.with_suffix(SUFFIX)


def write_about(data: Mapping[str, object], path: Path, *, written_at: datetime | None = None) -> Path:
    """Write the description of a file that is there beside it, with its size and SHA-256, and when and by which version it was written."""
    made = {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "version": version("ytxdata"),
        "written_at": (written_at or now()).isoformat(timespec="seconds"),
    }
    target = about_path(path)
    with replacing(target) as draft:
        draft.write_text(json.dumps({**data, **made}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return target


def differs(file: str, line: int, column: str, difference: str) -> FileDiffersError:
    """Return the error that names the cell of a file that is not what was meant."""
    where = f" · {column}" if column else ""
    return FileDiffersError(
        Text(
            f"{file} 第 {line} 行{where} 与应写内容不一致：{difference}",
            f"{file}, line {line}{where} is not what was meant: {difference}",
        ),
        remedy=Text(
            "文件未保存；请检查磁盘后重试，并报告此问题",
            "the file was not kept; check the disk, try again, and report this",
        ),
    )
