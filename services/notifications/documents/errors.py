"""What the fetching of documents says no with.

Permanent (422)
└── DocumentUnusable        there is none, it is none that goes along with a mail, or it is too large
Transient
└── DocumentUnavailable     its owner does not answer, or has not made it yet
"""

from shared.runtime.errors import Permanent, Transient


class DocumentUnusable(Permanent):
    code, title = "document_unusable", "The document cannot go along"


class DocumentUnavailable(Transient):
    code, title = "document_unavailable", "The document cannot be had for now"
