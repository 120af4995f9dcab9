"""What auditors ask: findings that can be defended, and evidence that somebody else can check."""

from ytxdata.audit.checking import CHECKS, Check, Finding, check
from ytxdata.audit.export import small_group
from ytxdata.audit.findings import Findings
from ytxdata.audit.invoice import Invoice
from ytxdata.audit.reconcile import Reconciliation, reconcile
from ytxdata.audit.roster import Roster
from ytxdata.audit.run import read_config, run

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "Findings",
    "Invoice",
    "Reconciliation",
    "Roster",
    "check",
    "read_config",
    "reconcile",
    "run",
    "small_group",
]
