"""What auditors ask: findings that can be defended, and evidence that somebody else can check."""

from ytxdata.audit.anchors import publish_head
from ytxdata.audit.cadence import Cadence, advise, cadence_of
from ytxdata.audit.checking import CHECKS, Check, Finding, check
from ytxdata.audit.checks.callers import small_group
from ytxdata.audit.findings import Findings
from ytxdata.audit.invoice import Invoice
from ytxdata.audit.pack import Pack, pack
from ytxdata.audit.pack_check import verify_pack
from ytxdata.audit.published_heads import verify_heads
from ytxdata.audit.reconcile import Reconciliation, reconcile
from ytxdata.audit.revisions import changes, moved
from ytxdata.audit.run import read_config, run
from ytxdata.tables.address_book import AddressBook as Roster

__all__ = [
    "CHECKS",
    "Cadence",
    "Check",
    "Finding",
    "Findings",
    "Invoice",
    "Pack",
    "Reconciliation",
    "Roster",
    "advise",
    "cadence_of",
    "changes",
    "check",
    "moved",
    "pack",
    "publish_head",
    "read_config",
    "reconcile",
    "run",
    "small_group",
    "verify_heads",
    "verify_pack",
]
