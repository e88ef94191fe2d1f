"""Keep the committed contracts true: `python -m shared.contracts check|write`.

check   compare schemas, samples and docs/asyncapi.json with the registry; exit 1 with a sentence for each difference
write   write what is new or has grown; refuse breaks, exit 1 with a sentence for each.
        `--break NAME` writes that one in spite of its breaks: nothing of the old form waits or is sent any more.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.contracts import asyncapi, documents


def main(arguments: Sequence[str] | None = None, *, folder: Path = documents.FOLDER, asyncapi_file: Path = asyncapi.FILE) -> int:
    """Run the command and return its exit code. folder, asyncapi_file: where the committed files are."""
    chosen = _parser().parse_args(arguments)
    registry = documents.product()
    refused = documents.write(registry, folder, despite_breaks=chosen.broken) if chosen.action == "write" else []
    text = documents.as_text(asyncapi.document(registry, folder))
    if chosen.action == "write":
        asyncapi_file.write_text(text)
    # After writing, too: a sample cannot be written by a program, it is what somebody once sent.
    findings = [*refused, *documents.check(registry, folder)]
    if not asyncapi_file.exists() or asyncapi_file.read_text() != text:
        findings.append(documents.Finding(f"docs/{asyncapi_file.name}", f"differs from the registry; {documents.WRITE}"))
    for finding in dict.fromkeys(findings):
        print(finding, file=sys.stderr)
    return 1 if findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.contracts", description="Keep the committed contracts true.")
    actions = parser.add_subparsers(dest="action", required=True)
    checking = actions.add_parser("check", help="name every difference between the registry and the committed files")
    checking.set_defaults(broken=[])
    writing = actions.add_parser("write", help="bring the committed files up to date; breaks are refused")
    writing.add_argument(
        "--break", dest="broken", metavar="NAME", action="append", default=[], help="a message whose break is meant"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
