"""`waybill flower` lets nobody in without a password."""

import pytest

from deploy.local import flower


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {}, False),
        (["--port=5556", "--persistent=True"], {"FLOWER_PORT": "5556"}, False),
        (["--basic-auth=ann:secret"], {}, True),
        (["--basic_auth", "ann:secret"], {}, True),
        (["--auth=.*@example.com", "--auth_provider=flower.views.auth.GoogleAuth2LoginHandler"], {}, True),
        ([], {"FLOWER_BASIC_AUTH": "ann:secret"}, True),
    ],
)
def test_it_makes_a_login_unless_somebody_has_said_how_people_log_in(
    arguments: list[str], environment: dict[str, str], expected: bool
) -> None:
    assert flower.has_login_of_its_own(arguments, environment) is expected


def test_the_address_that_is_told_is_where_it_listens() -> None:
    assert (flower.port_of(["--port=5556"], 5555), flower.port_of([], 5555)) == ("5556", "5555")
