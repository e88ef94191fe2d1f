"""What dumps and restores say no with.

Permanent
├── NotSetUp            a setting, a program or a right is missing
└── TargetRefused       the database must not be restored into
Transient
├── DatabaseAway        the server does not answer, or does not let us in
├── AlreadyRunning      another process is at it
├── DiskFull            there is no room for it
├── DumpFailed          pg_dump has said no
├── BackupDamaged       the files are not what the manifest says
└── RestoreFailed       pg_restore has said no
"""

from shared.runtime.errors import Permanent, Transient


class NotSetUp(Permanent):
    code, title = "backup_not_set_up", "Backups are not set up"


class TargetRefused(Permanent):
    status, code, title = 409, "restore_target_refused", "The database is not one to restore into"


class DatabaseAway(Transient):
    code, title = "backup_database_away", "The database does not answer"


class AlreadyRunning(Transient):
    code, title = "backup_running", "Another process is at it"


class DiskFull(Transient):
    code, title = "backup_disk_full", "There is no room for the backup"


class DumpFailed(Transient):
    code, title = "dump_failed", "A schema could not be dumped"


class BackupDamaged(Transient):
    code, title = "backup_damaged", "The backup is not what its manifest says"


class RestoreFailed(Transient):
    code, title = "restore_failed", "A schema could not be restored"
