"""How are planned changes carried out, so that nothing is overwritten, lost or written twice?

Everything that changes Salesforce goes through `apply`; `settle` closes the books that a dead
process left open.
"""

from sfsync.apply.desk import Desk
from sfsync.apply.send import apply
from sfsync.apply.settle import close_early, settle

__all__ = ["Desk", "apply", "close_early", "settle"]
