"""What archiving ends with where rows could not be brought to the disk.

Transient
└── NotArchived     nothing was deleted, and it is tried again
"""

from shared.runtime.errors import Transient


class NotArchived(Transient):
    code, title = "not_archived", "The rows could not be archived, and were not dropped"
