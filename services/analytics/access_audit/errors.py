"""What goes wrong with the audit.

Permanent
└── AuditNotSound    it does not prove itself, so nothing of it is let go of
"""

from shared.runtime.errors import Permanent


class AuditNotSound(Permanent):
    code, title = "audit_not_sound", "The audit is not as it was written"
