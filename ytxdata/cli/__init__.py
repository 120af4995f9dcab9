"""The command line: one verb a job, one file a verb, no logic of its own."""

from __future__ import annotations

from ytxdata.cli.app import app, main

__all__ = ["app", "main"]
