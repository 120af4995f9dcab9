"""How late a meeting may be listed: when somebody says longer than before, what was proven with less patience is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ytxdata.history.evidence import Evidence
from ytxdata.history.policy import Policy


def patient(policy: Policy, evidence: Evidence) -> Policy:
    """Return the policy with the longest time to settle that this archive was ever synced with."""
    return replace(policy, settle=max(policy.settle, timedelta(seconds=evidence.settle_s)))


def resettled(evidence: Evidence, policy: Policy) -> Evidence:
    """Return the evidence as it may stand under a policy that gives meetings longer to settle than before.

    Earlier answers did not reach far enough back to find what is listed so late: nothing of theirs is proven until a
    new full answer is.
    """
    settle_s = int(policy.settle.total_seconds())
    if evidence.settle_s >= settle_s:
        return evidence
    return replace(
        evidence,
        windows=tuple(replace(one, proven_from=None) for one in evidence.windows),
        full_at=None,
        settle_s=settle_s,
    )
