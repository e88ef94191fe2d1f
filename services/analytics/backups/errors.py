"""What backups say no with; making them says no with `shared.runtime.dumps.errors`.

NotFound (404)
└── BackupNotFound
"""

from shared.runtime.errors import NotFound


class BackupNotFound(NotFound):
    code, title = "backup_not_found", "There is no such backup"
