"""The page behind a share link: one file that its own script draws, and nothing from elsewhere but tiles that a setting names.

The policy (CSP level 3) allows exactly that script and that style by their hashes.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_FOLDER: Final = Path(__file__).with_name("html")
_MARK: Final = 'data-tiles=""'


@cache
def page(tiles: str | None) -> tuple[bytes, str]:
    """The page, and its Content-Security-Policy. tiles: the template of the tiles' URLs, `https://…/{z}/{x}/{y}.png`."""
    style, script = (_FOLDER / name for name in ("share.css", "share.js"))
    css, code = style.read_text(), script.read_text()
    html = (_FOLDER / "share.html").read_text().replace("/* style */", css).replace("/* script */", code)
    html = html.replace(_MARK, f'data-tiles="{tiles or ""}"')
    images = f"img-src {_origin(tiles)}; " if tiles else ""
    policy = (
        f"default-src 'none'; script-src {_source(code)}; style-src {_source(css)}; {images}connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html.encode(), policy


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
