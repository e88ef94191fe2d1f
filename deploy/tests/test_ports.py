"""Which ports the stack takes."""

import socket
from collections.abc import Iterator

import pytest

from deploy.local.failures import StackError
from deploy.local.ports import HOST, PREFERRED, claimed


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on for the length of the test."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


def choose(remembered: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    """What a start that is over by now has chosen."""
    with claimed(remembered, wanted) as chosen:
        return chosen


def test_a_taken_port_is_passed_over_and_a_free_one_is_kept(taken: int) -> None:
    chosen = choose({"postgres": taken}, {})
    assert chosen["postgres"] > taken
    assert choose(chosen, {}) == chosen


def test_every_process_gets_a_port_of_its_own() -> None:
    chosen = choose(dict.fromkeys(PREFERRED, 20_000), {})
    assert sorted(chosen) == sorted(PREFERRED)
    assert len(set(chosen.values())) == len(PREFERRED)


def test_a_port_that_somebody_asked_for_is_not_exchanged_for_another(taken: int) -> None:
    with pytest.raises(StackError, match=f"Port {taken}, asked for valkey, is taken"):
        choose({}, {"valkey": taken})


def test_a_port_for_nothing_is_refused() -> None:
    with pytest.raises(StackError, match="no process called mysql"):
        choose({}, {"mysql": 3306})


def test_two_stacks_that_start_at_once_share_no_port() -> None:
    with claimed({}, {}) as one, claimed({}, {}) as other:
        assert set(one.values()).isdisjoint(other.values())
        with (
            pytest.raises(StackError, match=f"Port {one['valkey']}, asked for valkey, is taken"),
            claimed({}, {"valkey": one["valkey"]}),
        ):
            pass


def test_a_start_that_is_over_leaves_its_ports_to_whoever_listens() -> None:
    with claimed({}, {}) as chosen, socket.create_server((HOST, chosen["sandbox"])):
        pass
    assert choose({}, {}) == chosen
