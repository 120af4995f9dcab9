"""Many accounts as one: a fleet of archives that are synced together and reported on side by side."""

from ytxdata.fleet.accounts import FleetAccount
from ytxdata.fleet.fleet import Fleet, FleetCertificate
from ytxdata.fleet.sync_all import FleetSync

__all__ = ["Fleet", "FleetAccount", "FleetCertificate", "FleetSync"]
