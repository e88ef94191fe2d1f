"""What the public pages say no with, beside what the preferences do.

Invalid (422)
└── FormUnusable      the form of a page says what no page of ours does; `text` names what the page tells the reader
"""

from shared.runtime.errors import Invalid


class FormUnusable(Invalid):
    code, title = "form_unusable", "The form cannot be read"

    def __init__(self, text: str) -> None:
        super().__init__("the form holds what the page does not offer; open the page again")
        self.text = text
