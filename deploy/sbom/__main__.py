"""`python -m deploy.sbom [image…] [--into folder]`: a bill of materials for each image, or for those that are named."""

import argparse
import sys
from pathlib import Path

from deploy.sbom.bills import NoBill, listed, write
from deploy.sbom.locks import IMAGES


def main(arguments: list[str]) -> int:
    """Write them and say where they are; 1 when one could not be made."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sbom")
    parser.add_argument("images", nargs="*", metavar="image", help=f"of {', '.join(IMAGES)}; all of them without one")
    parser.add_argument("--into", type=Path, default=Path("sbom"), help="the folder that they are written to")
    chosen = parser.parse_args(arguments)
    if unknown := sorted({*chosen.images} - {*IMAGES}):
        parser.error(f"there is no image called {', '.join(unknown)}")
    for image in chosen.images or IMAGES:
        try:
            bill = write(image, chosen.into)
        except (NoBill, LookupError) as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{bill}: {len(listed(bill))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
