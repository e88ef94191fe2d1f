"""The settings of the local stack, one file per service and one for each kind of person: `.waybill/<name>.env` (0600).

<service>.env    what the service's processes read, and the operator's login that `celery inspect` takes
operator.env     for watching and controlling workers (Flower, other tools)
client.env       for any Celery program that sends tasks
admin.env        the administrators' logins of PostgreSQL and Valkey
"""

from collections.abc import Mapping

from deploy.local.addresses import Addresses
from deploy.local.home import Home, write_private
from deploy.local.outside import access, notifications, payments
from deploy.local.postgres import ADMIN
from deploy.postgres.bootstrap import BACKUP, RESTORE
from deploy.redis import acl
from shared.contracts.lanes import SERVICES

Environment = dict[str, str]


def environments(home: Home, passwords: Mapping[str, str], addresses: Addresses) -> dict[str, Environment]:
    """Every file's variables, by its name without `.env`."""
    operator, client = addresses.broker(acl.OPERATOR, passwords), addresses.broker(acl.CLIENT, passwords)
    return {
        **{service: _service(service, home, passwords, addresses) for service in SERVICES},
        acl.OPERATOR: {"CELERY_BROKER_URL": operator, "CELERY_RESULT_BACKEND": operator},
        acl.CLIENT: {"CELERY_BROKER_URL": client, "CELERY_RESULT_BACKEND": client},
        acl.ADMIN: {
            "ADMIN_DATABASE_URL": addresses.database(ADMIN, passwords),
            "ADMIN_REDIS_URL": addresses.broker(acl.ADMIN, passwords),
        },
    }


def _service(service: str, home: Home, passwords: Mapping[str, str], addresses: Addresses) -> Environment:
    variables = {
        "DATABASE_URL": addresses.database(f"{service}_app", passwords),
        "DATABASE_OWNER_URL": addresses.database(f"{service}_owner", passwords),
        "REDIS_URL": addresses.broker(service, passwords),
        # Only the operator may publish control; the services' processes never use this one.
        "BROKER_OPERATOR_URL": addresses.broker(acl.OPERATOR, passwords),
        "RELAY_IN_API": "true",
        "AUTH_JWKS": _key_sets(service, home, addresses),
        "AUTH_SIGNING_KEY_FILE": str(home.keys / f"{service}.jwk"),
        "CURSOR_SECRET": passwords["cursor.secret"],
    }
    match service:
        case "analytics":
            return variables | _monitoring(passwords, addresses) | _backups(home, passwords, addresses) | access(passwords)
        case "notifications":
            return variables | notifications(home, passwords, addresses)
        case "payments":
            return variables | payments(passwords, addresses)
        case _:
            return variables


def _key_sets(service: str, home: Home, addresses: Addresses) -> str:
    """The stack's own keys, and those by which analytics signs operators' tokens; its own API finds these in its database."""
    operators = f"{addresses.url('analytics-api')}/v1/access/jwks.json"
    return str(home.jwks) if service == "analytics" else f"{home.jwks},{operators}"


def _monitoring(passwords: Mapping[str, str], addresses: Addresses) -> Environment:
    """What the analytics service needs to see all others."""
    urls = {f"{service.upper()}_URL": addresses.url(f"{service}-api") for service in SERVICES}
    return {
        "BROKER_MONITOR_URL": addresses.broker(acl.MONITOR, passwords),
        "COLLECTOR_IN_API": "true",
        "ANALYTICS_PUBLIC_URL": addresses.url("analytics-api"),
        # Whatever is sent to it lies in the sandbox's mailbox.
        "OPERATIONS_EMAILS": "operations@waybill.example",
        **urls,
    }


def _backups(home: Home, passwords: Mapping[str, str], addresses: Addresses) -> Environment:
    """What the worker of analytics.backup needs, and nobody else."""
    return {
        "BACKUP_DATABASE_URL": addresses.database(BACKUP, passwords),
        "RESTORE_DRILL_URL": addresses.database(RESTORE, passwords, "postgres"),
        "BACKUP_DIR": str(home.backups),
        # The database is there, too.
        "WATCHED_DIRS": str(home.path),
    }


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
