"""What stands behind the question mark of a database's URL reaches the driver, which knows it as libpq does."""

from shared.runtime.db import connect_args, database_url

PLAIN = "postgresql://alerts_app:secret@db:5432/waybill"
TLS = f"{PLAIN}?sslmode=verify-full&sslrootcert=/run/authority.pem"


def test_tls_is_left_to_the_driver() -> None:
    assert database_url(TLS).render_as_string(hide_password=False) == PLAIN.replace("postgresql:", "postgresql+asyncpg:")
    assert connect_args(TLS) == {"dsn": TLS.replace("/run/", "%2Frun%2F")}


def test_a_url_without_more_needs_no_more() -> None:
    assert connect_args(PLAIN) == {}
