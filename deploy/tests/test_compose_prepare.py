"""What the compose stack's first job gives to whom."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.compose.prepare import HOSTS, PORTS, Preparation, Wishes
from deploy.local.environment import read_environment
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.state import State
from deploy.validation.tools import ROOT
from shared.contracts.lanes import SERVICES


def prepare(place: Path, **wishes: str) -> Path:
    """Run the job once; returns the folder of the readers."""
    readers = place / "readers"
    readers.mkdir(exist_ok=True)
    Preparation(Home(place / "kept"), readers, Wishes.of(wishes)).deal()
    return readers


def contents(folder: Path) -> Mapping[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_each_reader_has_its_own_and_nothing_of_the_others(tmp_path: Path) -> None:
    readers = prepare(tmp_path)
    secrets = json.loads((tmp_path / "kept" / "secrets.json").read_text())

    for service in SERVICES:
        mine = contents(readers / service)
        assert set(mine) == {f"{service}.env", "jwks.json", f"keys/{service}.jwk"}
        known = {name for name, secret in secrets.items() if any(secret in text for text in mine.values())}
        shared = {"cursor.secret", f"postgres.{service}_app", f"valkey.{service}"}
        watching = {"valkey.monitor"} if service == "analytics" else set()
        assert not {"BACKUP_DATABASE_URL", "RESTORE_DRILL_URL"} & set(read_environment(Home(readers / service), service))
        assert known - shared - watching <= {name for name in secrets if name.startswith(f"{service}.")}
        assert set(read_environment(Home(readers / f"{service}-owner"), service)) == {"DATABASE_OWNER_URL"}
    backup = read_environment(Home(readers / "analytics-backup"), "analytics")
    assert secrets["postgres.backup"] in backup["BACKUP_DATABASE_URL"]
    assert backup["RESTORE_DRILL_URL"].startswith("postgresql://restore:")
    assert "postgres.postgres" not in {name for name in secrets if secrets[name] in str(contents(readers / "operator"))}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    readers = prepare(tmp_path, WAYBILL_TLS="on")
    first = contents(readers)

    assert contents(prepare(tmp_path, WAYBILL_TLS="on")) == first


def test_only_servers_with_users_of_their_own_have_files_that_others_could_read(tmp_path: Path) -> None:
    readers = prepare(tmp_path)
    open_to_all = {path.relative_to(readers).parts[0] for path in readers.rglob("*") if path.is_file() and _is_open(path)}

    assert open_to_all == {"alertmanager", "grafana", "postgres", "redis"}


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def test_tls_gives_everybody_the_authority_and_the_servers_certificates_that_it_signed(tmp_path: Path) -> None:
    readers = prepare(tmp_path, WAYBILL_TLS="on")
    settings = read_environment(Home(readers / "alerts"), "alerts")
    authority = x509.load_pem_x509_certificate((readers / "alerts" / "authority.pem").read_bytes())

    assert settings["DATABASE_URL"].endswith("?sslmode=verify-full&sslrootcert=" + str(tmp_path / "kept" / "authority.pem"))
    assert settings["REDIS_URL"].startswith("rediss://alerts:")
    for server in ("postgres", "redis"):
        certificate = x509.load_pem_x509_certificate((readers / server / "server.pem").read_bytes())
        certificate.verify_directly_issued_by(authority)
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert "hostssl all all all scram-sha-256" in (readers / "postgres" / "pg_hba.conf").read_text()
    assert not list(readers.rglob("authority.key"))


def test_tls_can_be_turned_off_again(tmp_path: Path) -> None:
    prepare(tmp_path, WAYBILL_TLS="on")
    readers = prepare(tmp_path, WAYBILL_TLS="off")

    assert not (readers / "postgres" / "server.key").exists()
    assert "tls-port" not in (readers / "redis" / "redis.conf").read_text()
    assert read_environment(Home(readers / "alerts"), "alerts")["REDIS_URL"].startswith("redis://")


def test_alertmanager_is_given_a_token_for_analytics_and_nothing_else(tmp_path: Path) -> None:
    readers = prepare(tmp_path)
    config = yaml.safe_load((ROOT / "deploy/prometheus/alertmanager.yml").read_text())
    [webhook] = [hook for one in config["receivers"] for hook in one.get("webhook_configs", ())]

    assert set(contents(readers / "alertmanager")) == {"token"}
    assert webhook["http_config"]["authorization"]["credentials_file"] == "/run/waybill/token"
    assert webhook["url"] == f"http://{HOSTS['analytics-api']}:{PORTS['analytics-api']}/v1/monitoring/alertmanager"
    assert webhook["max_alerts"] == 1000


def test_people_find_the_services_by_the_names_of_their_containers(tmp_path: Path) -> None:
    state = State.load(Home(prepare(tmp_path) / "operator"))

    assert (state.hosts["payments-api"], state.ports["payments-api"]) == ("payments.localhost", 8003)


def test_a_password_of_ones_own_is_taken_and_not_kept(tmp_path: Path) -> None:
    readers = prepare(tmp_path, GRAFANA_PASSWORD="chosen-by-me")

    assert (readers / "grafana" / "password").read_text() == "chosen-by-me"
    assert "chosen-by-me" not in (tmp_path / "kept" / "secrets.json").read_text()


def test_a_wish_that_is_none_is_named_with_its_remedy() -> None:
    with pytest.raises(StackError, match="WAYBILL_TLS is 'yes'") as refused:
        Wishes.of({"WAYBILL_TLS": "yes"})
    assert refused.value.remedy == "set it to `on` or `off`"
