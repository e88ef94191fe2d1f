"""What `docker compose run backups …` stands for."""

import pytest

from deploy.compose.backups import words

OWN = "postgresql://postgres:x@postgres:5432/waybill"
FROM = ["--from", "/var/backups/waybill"]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["list", "--json"], ["backup", "--list", *FROM, "--json"]),
        (["restore", "--schema", "trips"], ["restore", "--into", OWN, *FROM, "--schema", "trips"]),
        (["restore", "--into", "postgresql://a@b/c"], ["restore", *FROM, "--into", "postgresql://a@b/c"]),
        (["restore", "--into=postgresql://a@b/c"], ["restore", *FROM, "--into=postgresql://a@b/c"]),
    ],
)
def test_it_is_the_local_stacks_command_on_the_volume_of_backups(arguments: list[str], command: list[str]) -> None:
    assert words(arguments, OWN) == command


@pytest.mark.parametrize("arguments", [[], ["drop"], ["--list"]])
def test_anything_else_is_told_how_it_is_used(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"usage: docker compose run --rm backups list\|restore"):
        words(arguments, OWN)
