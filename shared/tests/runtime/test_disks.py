"""How full the disks are that a worker keeps an eye on."""

import os
from pathlib import Path

import psutil

from shared.runtime.worker.disks import Disks, disk_uses


def test_folders_on_one_disk_are_one_figure_and_one_that_is_not_made_yet_is_on_the_disk_above_it(tmp_path: Path) -> None:
    folders = {"BACKUP_DIR": tmp_path / "not" / "there", "ARCHIVE_DIR": tmp_path}

    [found] = disk_uses(folders)

    usage = psutil.disk_usage(found.mount)
    assert os.path.ismount(found.mount)
    assert Path(found.mount).stat().st_dev == tmp_path.stat().st_dev
    assert found.holds == "ARCHIVE_DIR, BACKUP_DIR"
    assert abs(found.used_share - usage.percent / 100) < 0.02
    assert 0 < found.free_bytes <= usage.total


def test_other_disks_are_other_figures_and_without_folders_nothing_is_looked_at(tmp_path: Path) -> None:
    found = disk_uses({"BACKUP_DIR": tmp_path, "/proc": Path("/proc")})

    assert {one.mount: one.holds for one in found if one.mount == "/proc"} == {"/proc": "/proc"}
    assert len(found) == 2
    assert [one["holds"] for one in Disks({"BACKUP_DIR": tmp_path}).look()] == ["BACKUP_DIR"]
    assert Disks({}).look() == []
