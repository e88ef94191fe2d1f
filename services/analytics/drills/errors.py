"""What drills say no with; restoring says no with `shared.runtime.dumps.errors`.

NotFound (404)
└── DrillNotFound
Permanent
├── NothingToRestore    there is no verified backup
└── BackupDiffers       what was restored is not what was dumped
"""

from shared.runtime.errors import NotFound, Permanent


class DrillNotFound(NotFound):
    code, title = "drill_not_found", "There is no such drill"


class NothingToRestore(Permanent):
    code, title = "nothing_to_restore", "There is no verified backup"


class BackupDiffers(Permanent):
    code, title = "backup_differs", "What was restored is not what was dumped"
