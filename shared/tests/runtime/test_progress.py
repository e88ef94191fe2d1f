"""What a worker has in hand, as its watchdog and the analytics service see it."""

from shared.runtime.worker.progress import Progress


def test_a_delivery_is_in_hand_from_when_it_is_taken_until_it_ends() -> None:
    progress = Progress()

    progress.take("one", "trips.end_trip", "trips.normal")
    assert [held[:3] for held in progress.in_hand()] == [("one", "trips.end_trip", "trips.normal")]
    # Nothing runs, which is what the watchdog looks for: a child that hangs begins nothing.
    assert (progress.running, progress.stalled_s() > 0) == ({}, True)

    progress.begin("one", "trips.end_trip", "trips.normal")
    assert ([held[0] for held in progress.in_hand()], progress.taken, progress.stalled_s()) == (["one"], {}, 0.0)

    progress.end("one")
    progress.take("two", "trips.end_trip", "trips.normal")
    progress.clear()
    assert progress.in_hand() == []
