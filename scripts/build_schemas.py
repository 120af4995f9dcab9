"""Write a JSON Schema for every `--json` output of the command line to `docs/reference/schemas/`.

Usage: python scripts/build_schemas.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ytxdata.audit.findings import DEFINITIONS as FINDINGS
from ytxdata.history.proof.witness import ASIDE
from ytxdata.history.proof.witness_result import FINDINGS as HEARD
from ytxdata.labels import Text
from ytxdata.records.schema import TABLES, Column, Kind, TableName

FOLDER = Path(__file__).parents[1] / "docs" / "reference" / "schemas"

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
TRUTH: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "description": "a decimal as text, exact"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
KEYED: Schema = {"type": "string", "pattern": "^~[0-9a-f]{32}$"}
"""The name a hash has where a list of one line might be guessed from it: `archive.witnesses()` tells it whole."""
ANY: Schema = {"type": ["string", "number", "boolean", "null"]}
VERDICT: Schema = {"enum": ["PROVEN", "PROBABLE", "GAP"]}


def record(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """Return an object that has these keys and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def nullable(schema: Schema) -> Schema:
    """Return the schema, or null for unknown."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema) -> Schema:
    """Return a list of these."""
    return {"type": "array", "items": schema}


def named(schema: Schema) -> Schema:
    """Return an object whose keys are data, and whose values are these."""
    return {"type": "object", "additionalProperties": schema}


BOTH = record({"zh": TEXT, "en": TEXT})

_OF_KIND: dict[Kind, Schema] = {
    "text": TEXT, "phone": TEXT, "url": TEXT, "instant": INSTANT, "int": {"type": "integer"}, "seconds": {"type": "integer"},
    "bool": TRUTH, "money": DECIMAL,
}  # fmt: skip


def rows(table: TableName) -> Schema:
    """Return the rows of a table of records, each column as the data dictionary has it."""
    return listed(record({column.name: _cell(column) for column in TABLES[table].columns}))


def _cell(column: Column) -> Schema:
    kind = {**_OF_KIND[column.type], "description": column.meaning.en}
    return nullable(kind) if column.is_nullable else kind


COUNTS = dict.fromkeys(("received", "new", "changed", "unchanged", "rejected", "duplicates", "calls", "bytes"), COUNT)
SYNC = record({**COUNTS, "verdict": VERDICT, "sentence": BOTH, "warnings": listed(BOTH)})

_FOUND = {
    "record_ids": TEXT, "measured": nullable(NUMBER), "threshold": nullable(NUMBER), "reason": nullable(TEXT), "by": nullable(TEXT),
    "severity": {"enum": ["warn", "crit"]}, "status": {"enum": ["new", "persisting", "resolved", "accepted"]},
}  # fmt: skip

OUTPUTS: dict[str, tuple[Text, Schema]] = {
    "error": (
        Text("任何命令失败时", "what any command prints when it fails"),
        record({"error": record({
            "kind": TEXT, "zh": TEXT, "en": TEXT, "remedy_zh": nullable(TEXT), "remedy_en": nullable(TEXT),
            "status_code": nullable(TEXT), "request_id": nullable(TEXT), "exit_code": {"enum": [2, 3, 4, 5, 6]},
        })}),
    ),
    "doctor": (
        Text("ytxdata doctor", "ytxdata doctor"),
        record({
            "exit_code": COUNT, "cadence": nullable(BOTH),
            "checks": listed(record({
                "key": TEXT, "state": TEXT, "zh": TEXT, "en": TEXT, "remedy_zh": nullable(TEXT), "remedy_en": nullable(TEXT),
            })),
        }),
    ),
    "doctor-schema": (
        Text("ytxdata doctor --schema", "ytxdata doctor --schema"),
        record({
            "n_records": COUNT, "n_rejected": COUNT,
            "findings": listed(record({"key": TEXT, "state": TEXT, "grade": TEXT, "text": BOTH, "evidence": BOTH})),
            "fields": listed(record({
                "path": TEXT, "feeds": TEXT, "n_parents": COUNT, "n_present": COUNT, "n_filled": COUNT, "types": named(COUNT),
                "forms": named(COUNT), "examples": listed(TEXT), "fill_rate": nullable(NUMBER),
            })),
        }),
    ),
    "fetch": (
        Text("ytxdata fetch", "ytxdata fetch"),
        record({
            "counts": record({
                "received": COUNT, "meetings": COUNT, "rejected": COUNT, "duplicates": COUNT,
                "bytes": {**listed(COUNT), "description": "received, envelope, meetings, rejected, duplicates"},
            }),
            "verdict": VERDICT, "completeness": BOTH, "meetings": rows("meetings"), "legs": rows("legs"),
            "rejects": COUNT, "problems": COUNT,
        }),
    ),
    "sync": (Text("ytxdata sync", "ytxdata sync"), SYNC),
    "fleet-sync": (
        Text("ytxdata fleet sync", "ytxdata fleet sync"),
        record({
            "exit_code": COUNT, "line": BOTH,
            "accounts": listed(record({
                "account": TEXT, "labels": named(TEXT),
                "status": {"enum": ["synced", "unchanged", "skipped", "refused", "damaged", "failed"]}, "verdict": nullable(VERDICT),
                **dict.fromkeys(("meetings", "new", "changed", "rejected", "calls", "bytes", "exit_code"), COUNT), "seconds": NUMBER,
                "problem_zh": nullable(TEXT), "problem_en": nullable(TEXT),
            })),
        }),
    ),
    "fleet-status": (
        Text("ytxdata fleet status", "ytxdata fleet status"),
        record({
            "verdict": VERDICT, "completeness": BOTH,
            "accounts": listed(record({
                "account": TEXT, "labels": named(TEXT), "meetings": COUNT, "asked_at": nullable(INSTANT), "verdict": nullable(VERDICT),
                "proven_until": nullable(INSTANT), "problem_zh": nullable(TEXT), "problem_en": nullable(TEXT),
            })),
        }),
    ),
    "fleet-report": (
        Text("ytxdata fleet report", "ytxdata fleet report"),
        record({"verdict": VERDICT, "completeness": BOTH, "rows": named(COUNT), "files": named(TEXT)}),
    ),
    "fleet-audit": (
        Text("ytxdata fleet audit", "ytxdata fleet audit"),
        record({
            "exit_code": COUNT,
            "accounts": listed(record({
                "account": TEXT, **dict.fromkeys(("crit", "warn", "new"), nullable(COUNT)), "verdict": nullable(VERDICT), "exit_code": COUNT,
            })),
        }),
    ),
    "archive-coverage": (Text("ytxdata archive coverage", "ytxdata archive coverage"), rows("coverage")),
    "witness": (
        Text("ytxdata witness", "ytxdata witness"),
        record({
            "name": TEXT, "kind": {"enum": ["invoice", "console", "cdr"]}, "sha256": KEYED, "start": INSTANT, "end": INSTANT,
            "number_class": nullable(TEXT), "n_lines": COUNT, "n_found": COUNT,
            "only_in_witness": listed({
                "type": "array", "prefixItems": [COUNT, nullable(TEXT), nullable(INSTANT), nullable(INSTANT)],
                "minItems": 4, "maxItems": 4,
                "description": "line, meeting id, from when, until when; null where the line says no time",
            }),
            "n_only_in_witness": COUNT, "only_in_archive": listed(TEXT), "n_only_in_archive": COUNT,
            "finding": {"enum": sorted(HEARD)}, "n_outside": COUNT, "by_connection": TRUTH,
            "aside": listed({
                "type": "array", "prefixItems": [COUNT, {"enum": sorted(ASIDE)}], "minItems": 2, "maxItems": 2,
                "description": "a line that is not counted as a meeting, and why",
            }),
            "n_aside": COUNT,
            "differs": listed({
                "type": "array", "prefixItems": [{"enum": ["lines", "seconds", "yuan"]}, DECIMAL, DECIMAL],
                "minItems": 3, "maxItems": 3, "description": "of what, what the total says, what the lines come to",
            }),
            "off": listed({
                "type": "array", "prefixItems": [COUNT, {"enum": ["seconds", "yuan"]}, DECIMAL, DECIMAL],
                "minItems": 4, "maxItems": 4,
                "description": "a line, of what it says other than the archive, what it says, what the archive says",
            }),
            "n_off": COUNT, "runs": nullable(listed(TEXT)), "unheld": listed({"enum": ["seconds", "yuan"]}),
            "until": nullable(INSTANT), "given_at": nullable(INSTANT), "told_start": nullable(INSTANT), "told_end": nullable(INSTANT),
            "blank": listed({"type": "array", "prefixItems": [INSTANT, INSTANT], "minItems": 2, "maxItems": 2}),
            "words": listed(TEXT), "n_words": COUNT,
            "blocked_by": listed(TEXT), "text": BOTH,
            "proven": listed({
                "type": "array", "prefixItems": [INSTANT, INSTANT], "minItems": 2, "maxItems": 2,
                "description": "from when until when it is PROVEN by this list now; absent with --remove",
            }),
        }, optional=("proven",)),
    ),
    "verify-archive": (
        Text("ytxdata verify（存档）", "ytxdata verify of an archive"),
        record({
            "is_sound": TRUTH, "n_files": COUNT, "n_records": COUNT, "n_pulls": COUNT, "n_rows": nullable(COUNT),
            "is_recomputed": TRUTH, "beside": listed(TEXT), "left_open": listed(TEXT),
            "damages": listed(record({"kind": TEXT, "name": TEXT, "zh": TEXT, "en": TEXT})), "heads": BOTH,
        }, ("heads",)),
    ),
    "verify-files": (
        Text("ytxdata verify（报告、CSV、XLSX、证据包）", "ytxdata verify of a report, a CSV, an XLSX or an evidence pack"),
        record({"is_sound": {"const": True}, "checked": listed(TEXT), "left_open": listed(TEXT)}),
    ),
    "report": (
        Text("ytxdata report", "ytxdata report"),
        record({"verdict": VERDICT, "completeness": BOTH, "rows": named(COUNT), "files": named(TEXT)}),
    ),
    "export": (
        Text("ytxdata export", "ytxdata export"),
        record({"folder": TEXT, "written": listed(TEXT), "unchanged": listed(TEXT), "removed": listed(TEXT), "rows": named(COUNT)}),
    ),
    "archive-mirror": (
        Text("ytxdata archive mirror", "ytxdata archive mirror"),
        record({
            "address": TEXT, "sequence": COUNT, "n_sent": COUNT, "n_bytes": COUNT, "n_present": COUNT, "n_removed": COUNT,
        }),
    ),
    "sql": (Text("ytxdata sql --format json", "ytxdata sql --format json"), listed(named(ANY))),
    "explain": (
        Text("ytxdata explain", "ytxdata explain"),
        record({
            "report": TEXT, "row": named(ANY), "formulas": named(BOTH),
            "records": {**listed(named(ANY)), "description": "one for each leg: meeting_id, started_at, leg, pull_id, used, reason, and what is known of it"},
        }),
    ),
    "audit": (
        Text("ytxdata audit", "ytxdata audit"),
        record({
            "exit_code": {"enum": [0, 1]}, "verdict": nullable(VERDICT), "notes": listed(BOTH),
            "findings": listed(record({one.key: _FOUND.get(one.key, TEXT) for one in FINDINGS})),
            "audit_summary": listed(record({
                "check": TEXT, "title_zh": TEXT, "title_en": TEXT, "warn": COUNT, "crit": COUNT, "new": COUNT, "persisting": COUNT,
                "resolved": COUNT, "accepted": COUNT, "state_zh": TEXT, "state_en": TEXT,
            })),
            "sensitivity": listed(record({
                "check": TEXT, "parameter": TEXT, "value": nullable(NUMBER), "half": nullable(COUNT), "same": nullable(COUNT),
                "twice": nullable(COUNT), "curve": TEXT,
            })),
            "reconciliation": listed(named(ANY)), "changes": listed(named(ANY)), "moved": listed(named(ANY)),
        }, ("sensitivity", "reconciliation", "changes", "moved")),
    ),
    "pack": (
        Text("ytxdata pack", "ytxdata pack"),
        record({
            "path": TEXT, "sha256": SHA256, "files": COUNT, "pulls": COUNT, "manifest_sha256": SHA256, "include_raw": TRUTH,
            "public_key": nullable(TEXT),
        }),
    ),
    "notebooks": (
        Text("ytxdata notebooks", "ytxdata notebooks"), record({"files": named({"enum": ["copied", "same", "kept"]})}),
    ),
    "demo": (
        Text("ytxdata demo", "ytxdata demo"), record({"sync": SYNC, "meetings": COUNT, "legs": COUNT, "files": named(TEXT)}),
    ),
}  # fmt: skip
"""Name → whose output it is, and its schema."""


def schema(name: str) -> Schema:
    """Return the whole JSON Schema of an output."""
    said, body = OUTPUTS[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://github.com/ytxdata/ytxdata/blob/main/docs/reference/schemas/{name}.schema.json",
        "title": said.en if said.en == said.zh else f"{said.en} / {said.zh}",
        "description": "what it prints with --json / 加 --json 时的输出",
        **body,
    }


def texts() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {f"{name}.schema.json": json.dumps(schema(name), ensure_ascii=False, indent=1) + "\n" for name in OUTPUTS}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in texts().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
