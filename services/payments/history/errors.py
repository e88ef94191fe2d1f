"""What reading a history refuses."""

from shared.runtime.errors import Invalid


class WrongPart(Invalid):
    code, title = "wrong_part", "The history is named in another way"
