"""The HTTP edge that the five APIs share: application factory, problems, sessions, idempotency, paging, limits, health.

An endpoint module needs `problems` (documented errors), `session` (ReadDb, WriteDb), `idempotency`, `etag` and
`cursors`; access comes from the service's own `auth.py`. Only this package, `endpoints.py`, `auth.py` and `app.py` know FastAPI.
"""
