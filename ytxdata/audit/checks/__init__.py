"""The checks, one file each; importing this registers them in the order of the page that describes them."""

# ruff: noqa: I001 (the order is the order in which they run and are shown)
from ytxdata.audit.checks import duplicate_exact
from ytxdata.audit.checks import duplicate_near
from ytxdata.audit.checks import id_collision
from ytxdata.audit.checks import mutated_after_close
from ytxdata.audit.checks import vanished
from ytxdata.audit.checks import coverage_gap
from ytxdata.audit.checks import missing_end
from ytxdata.audit.checks import impossible_time
from ytxdata.audit.checks import zero_duration
from ytxdata.audit.checks import over_long
from ytxdata.audit.checks import cut_at_cap
from ytxdata.audit.checks import lonely_tail
from ytxdata.audit.checks import short_call
from ytxdata.audit.checks import off_hours
from ytxdata.audit.checks import same_person_twice
from ytxdata.audit.checks import creator_overlap
from ytxdata.audit.checks import burst
from ytxdata.audit.checks import enumeration
from ytxdata.audit.checks import unknown_number
from ytxdata.audit.checks import risky_number
from ytxdata.audit.checks import sudden_change
from ytxdata.audit.checks import billing_mismatch
from ytxdata.audit.checks import small_group

__all__ = [
    "billing_mismatch",
    "burst",
    "coverage_gap",
    "creator_overlap",
    "cut_at_cap",
    "duplicate_exact",
    "duplicate_near",
    "enumeration",
    "id_collision",
    "impossible_time",
    "lonely_tail",
    "missing_end",
    "mutated_after_close",
    "off_hours",
    "over_long",
    "risky_number",
    "same_person_twice",
    "short_call",
    "small_group",
    "sudden_change",
    "unknown_number",
    "vanished",
    "zero_duration",
]
