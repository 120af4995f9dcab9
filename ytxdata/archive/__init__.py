"""What must never be lost: every version of every record, every answer, and what may be claimed about them."""

from ytxdata.archive.archive import Archive
from ytxdata.archive.sync import SyncReport

__all__ = ["Archive", "SyncReport"]
