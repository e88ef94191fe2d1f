"""The settings of the local stack, one file per service and one for each kind of person: `.waybill/<name>.env` (0600).

<service>.env    what the service's processes read, and the operator's login that `celery inspect` takes
operator.env     for watching and controlling workers (Flower, other tools)
client.env       for any Celery program that sends tasks
admin.env        the administrators' logins of PostgreSQL and Valkey, and the backup role's
"""

from collections.abc import Mapping

from deploy.local.home import Home, write_private
from deploy.local.outside import notifications, payments
from deploy.local.ports import HOST
from deploy.local.postgres import ADMIN, DATABASE
from deploy.postgres.bootstrap import BACKUP
from deploy.redis import acl
from shared.contracts.lanes import SERVICES

Environment = dict[str, str]


def database_url(login: str, passwords: Mapping[str, str], ports: Mapping[str, int]) -> str:
    """The URL of the stack's database for a login."""
    return f"postgresql://{login}:{passwords[f'postgres.{login}']}@{HOST}:{ports['postgres']}/{DATABASE}"


def broker_url(user: str, passwords: Mapping[str, str], ports: Mapping[str, int]) -> str:
    """The URL of the stack's broker for a user of its access list."""
    return f"redis://{user}:{passwords[f'valkey.{user}']}@{HOST}:{ports['valkey']}/0"


def environments(home: Home, passwords: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, Environment]:
    """Every file's variables, by its name without `.env`."""
    operator = broker_url(acl.OPERATOR, passwords, ports)
    return {
        **{service: _service(service, home, passwords, ports) for service in SERVICES},
        acl.OPERATOR: {"CELERY_BROKER_URL": operator, "CELERY_RESULT_BACKEND": operator},
        acl.CLIENT: {
            "CELERY_BROKER_URL": broker_url(acl.CLIENT, passwords, ports),
            "CELERY_RESULT_BACKEND": broker_url(acl.CLIENT, passwords, ports),
        },
        acl.ADMIN: {
            "ADMIN_DATABASE_URL": database_url(ADMIN, passwords, ports),
            "BACKUP_DATABASE_URL": database_url(BACKUP, passwords, ports),
            "ADMIN_REDIS_URL": broker_url(acl.ADMIN, passwords, ports),
        },
    }


def _service(service: str, home: Home, passwords: Mapping[str, str], ports: Mapping[str, int]) -> Environment:
    variables = {
        "DATABASE_URL": database_url(f"{service}_app", passwords, ports),
        "DATABASE_OWNER_URL": database_url(f"{service}_owner", passwords, ports),
        "REDIS_URL": broker_url(service, passwords, ports),
        # Only the operator may publish control; the services' processes never use this one.
        "BROKER_OPERATOR_URL": broker_url(acl.OPERATOR, passwords, ports),
        "RELAY_IN_API": "true",
        "AUTH_JWKS": str(home.jwks),
        "AUTH_SIGNING_KEY_FILE": str(home.keys / f"{service}.jwk"),
        "CURSOR_SECRET": passwords["cursor.secret"],
    }
    match service:
        case "notifications":
            return variables | notifications(home, passwords, ports)
        case "payments":
            return variables | payments(passwords, ports)
        case _:
            return variables


def write_environments(home: Home, found: Mapping[str, Environment]) -> None:
    for name, variables in found.items():
        write_private(home.env_file(name), as_text(variables))


def as_text(variables: Mapping[str, str]) -> str:
    """Variables as lines that both a shell and dotenv readers understand."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())


def _quoted(value: str) -> str:
    plain = all(character.isalnum() or character in "_-./:@,%+=" for character in value)
    return value if plain else "'" + value.replace("'", "'\\''") + "'"


def read_environment(home: Home, name: str) -> Environment:
    """The variables of a file that this module wrote; none when it is not there."""
    try:
        lines = home.env_file(name).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {key: value.strip("'") for key, _, value in (line.partition("=") for line in lines)}
