"""The letters that documents are set in: parts of Noto Sans with the rupee sign, and of Noto Sans Devanagari for Hindi.

A text with any Hindi in it is set in the second one as a whole, which has ASCII as well.

`fonts/README.md` says what is in them. They stand here, because which fonts a machine has would decide how an invoice looks.
"""

import logging
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

FOLDER: Final = Path(__file__).parent / "fonts"
LATIN: Final = "NotoSans"
DEVANAGARI: Final = "NotoSansDevanagari"
FILES: Final = {
    (LATIN, ""): FOLDER / "NotoSans-Regular.ttf",
    (LATIN, "B"): FOLDER / "NotoSans-Bold.ttf",
    # No bold: names in Hindi stand out less, and the files stay small.
    (DEVANAGARI, ""): FOLDER / "NotoSansDevanagari-Regular.ttf",
}
_DEVANAGARI_BLOCK: Final = range(0x900, 0x980)

# The subsetter tells of every table that it drops, and fpdf2 of every letter that no font has, which `without_glyph` says once.
logging.getLogger("fontTools").setLevel(logging.WARNING)
logging.getLogger("fpdf").setLevel(logging.ERROR)


def is_devanagari(text: str) -> bool:
    """Whether it needs the second font, and with it the shaping of letters into syllables."""
    return any(ord(letter) in _DEVANAGARI_BLOCK for letter in text)


def without_glyph(texts: Iterable[str]) -> str:
    """The letters that no font has, each once; a document shows a box in their place."""
    known = _known()
    return "".join(sorted({letter for text in texts for letter in text if ord(letter) not in known and letter.isprintable()}))


@cache
def _known() -> frozenset[int]:
    known: set[int] = set()
    for file in FILES.values():
        with TTFont(file, lazy=True) as font:
            known.update(font.getBestCmap())
    return frozenset(known)
