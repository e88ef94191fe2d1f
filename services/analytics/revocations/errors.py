"""What is refused about revocations.

Invalid (422)
└── TokenNotRevocable
"""

from shared.runtime.errors import Invalid


class TokenNotRevocable(Invalid):
    code, title = "token_not_revocable", "There is nothing to refuse"
