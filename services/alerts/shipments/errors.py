"""What an import refuses as a whole; what is wrong with single rows is in its report.

Invalid (422)
└── UnreadableFile
ServiceError
└── NotCsv (415)
"""

from shared.runtime.errors import Invalid, ServiceError


class UnreadableFile(Invalid):
    code, title = "unreadable_file", "The file cannot be read as a list of shipments"


class NotCsv(ServiceError):
    status, code, title = 415, "not_csv", "The body is not declared as CSV"
