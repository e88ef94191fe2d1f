"""Bills of materials tell of an image what is installed into it, and nothing of other platforms."""

from pathlib import Path

import pytest

from deploy.sbom.bills import CYCLONEDX, listed, write
from deploy.sbom.locks import IMAGES, pins_of, python_of_images, read_pins

LOCK = """\
celery[redis]==5.7.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:cc
Deprecated==1.3.1 ; python_full_version < '3.12' \\
    --hash=sha256:dd
deprecated==3.0.1 ; python_full_version >= '3.12' \\
    --hash=sha256:ee
"""
needs_tool = pytest.mark.skipif(CYCLONEDX.path() is None, reason=f"cyclonedx-py is not installed: {CYCLONEDX.got}")


@pytest.mark.parametrize(("python", "deprecated"), [("3.11", "1.3.1"), ("3.13", "3.0.1")])
def test_of_a_lock_only_what_the_images_platform_takes_is_counted(python: str, deprecated: str) -> None:
    found = read_pins(LOCK, python)

    assert [(pin.name, pin.version) for pin in found] == [("celery", "5.7.0"), ("deprecated", deprecated)]
    assert found[0].text == "celery[redis]==5.7.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


@pytest.mark.parametrize("image", IMAGES)
def test_every_image_has_a_lock_that_can_be_read(image: str) -> None:
    pins = pins_of(image)

    assert {"celery", "fastapi", "sqlalchemy"} <= {pin.name for pin in pins}
    assert len({pin.name for pin in pins}) == len(pins)
    assert all("--hash=sha256:" in pin.text for pin in pins)


def test_python_is_the_one_that_the_dockerfile_builds_on() -> None:
    assert tuple(map(int, python_of_images().split("."))) >= (3, 13)


@needs_tool
def test_a_bill_lists_the_lock_and_comes_out_the_same_twice(tmp_path: Path) -> None:
    first, second = write("tools", tmp_path / "a"), write("tools", tmp_path / "b")

    assert first.name == "waybill-tools-0.1.0.cdx.json"
    assert first.read_bytes() == second.read_bytes()
    assert listed(first) == {pin.name: pin.version for pin in pins_of("tools")}
