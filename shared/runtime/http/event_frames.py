"""Frames of server-sent events (HTML Living Standard, "Server-sent events"), for whoever makes them, worker or API."""


def event_frame(name: str, data: bytes, event_id: str | None = None) -> bytes:
    """One event. data: a line of JSON. event_id: None leaves the client's last id as it is."""
    ending = b"\n\n" if event_id is None else f"\nid: {event_id}\n\n".encode()
    return b"event: " + name.encode() + b"\ndata: " + data + ending


def heartbeat_frame(event_id: str | None = None) -> bytes:
    """What keeps a connection open and is no event. An id moves the client's last id on, though nothing is told."""
    return b": still here\n\n" if event_id is None else f": still here\nid: {event_id}\n\n".encode()
