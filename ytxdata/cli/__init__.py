"""The command line: one verb a job, one file for what shares its options, no logic of its own."""

from __future__ import annotations

from ytxdata.cli.app import app, main

__all__ = ["app", "main"]
