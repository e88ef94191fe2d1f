"""Programs that run inside containers, as text: each prints what it found as JSON."""

from typing import Final

RIGHTS: Final = """
import json, os, pathlib
def refused(path):
    try:
        pathlib.Path(path).write_text("")
    except OSError as error:
        return error.errno
status = dict(line.split(":\\t", 1) for line in pathlib.Path("/proc/1/status").read_text().splitlines())
app = pathlib.Path("/app")
print(json.dumps({
    "uid": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapPrm"], 16),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "writes": [refused("/app/x"), refused("/run/waybill/x"), refused("/opt/x")],
    "content": sorted(path.name for path in app.iterdir()),
    "services": sorted(path.name for path in (app / "services").iterdir()),
    "tests": [str(path) for path in app.rglob("tests")],
    "tools": [name for name in ("gcc", "cc", "make") if any((pathlib.Path(folder) / name).exists()
              for folder in os.environ["PATH"].split(":"))],
    "index": [name for name in os.environ if name.startswith("PIP_INDEX")],
}))
"""
"""Who the process is, what it may, and what lies in its image."""

DATABASE: Final = """
import asyncio, json, sys, asyncpg
from dotenv import dotenv_values
service, *others = sys.argv[1:]
settings = dotenv_values(f"/run/waybill/{service}.env")
url = settings.get("DATABASE_URL") or settings["DATABASE_OWNER_URL"]
async def main():
    connection = await asyncpg.connect(url)
    found = {"own": await connection.fetchval("SELECT count(*) FROM outbox") >= 0, "let in": [], "refused": 0}
    for other in others:
        for statement in (f"TABLE {other}.outbox", f"DELETE FROM {other}.inbox", f"CREATE TABLE {other}.mine (id int)",
                          f"SET ROLE {other}_owner", f"DROP TABLE {other}.outbox"):
            try:
                await connection.execute(statement)
                found["let in"].append(statement)
            except asyncpg.InsufficientPrivilegeError:
                found["refused"] += 1
    found["tls"] = await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    print(json.dumps(found))
asyncio.run(main())
"""
"""What a service's login may in the schemas of others: its own name, then theirs."""

BROKER: Final = """
import json, sys, redis
from dotenv import dotenv_values
from shared.contracts.lanes import LANES
service = sys.argv[1]
client = redis.Redis.from_url(dotenv_values(f"/run/waybill/{service}.env")["REDIS_URL"])
found = {"own": [client.llen(lane) >= 0 for lane in LANES if lane.startswith(f"{service}.")], "let in": [], "refused": 0}
for lane in LANES:
    if lane.startswith(f"{service}."):
        continue
    for command in (("LRANGE", lane, 0, -1), ("RPOP", lane), ("DEL", lane), ("LREM", lane, 0, "x"),
                    ("HGETALL", f"unacked:{lane.partition('.')[0]}:all")):
        try:
            client.execute_command(*command)
            found["let in"].append(command)
        except redis.exceptions.NoPermissionError:
            found["refused"] += 1
for command in (("CONFIG", "GET", "*"), ("FLUSHALL",), ("PUBLISH", "/0.celery.pidbox", "{}")):
    try:
        client.execute_command(*command)
        found["let in"].append(command)
    except redis.exceptions.NoPermissionError:
        found["refused"] += 1
print(json.dumps(found))
"""
"""What a service's user may with the lanes of others: its name."""

PACKAGES: Final = """
import importlib.metadata, json, re
installed = importlib.metadata.distributions()
print(json.dumps({re.sub("[-_.]+", "-", one.metadata["Name"]).lower(): one.version for one in installed}))
"""
"""What is installed, by the names that a bill of materials has."""

REACH: Final = """
import json, socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print(json.dumps("connected"))
except OSError as error:
    print(json.dumps(type(error).__name__))
"""
"""Whether an address can be reached."""

FILES: Final = """
import hashlib, os, stat
# The base image's programs, what the engine lays over, and a file that tells on which day a user was made.
passed = {"/usr", "/proc", "/sys", "/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/shadow", "/.dockerenv"}
for folder, folders, files in os.walk("/"):
    for path in sorted({os.path.join(folder, name) for name in folders + files} - passed):
        status = os.lstat(path)
        # Byte code has the times of its sources in it.
        whole = stat.S_ISREG(status.st_mode) and not path.endswith(".pyc")
        said = hashlib.sha256(open(path, "rb").read()).hexdigest() if whole else ""
        print(path, oct(status.st_mode), status.st_uid, status.st_gid, said)
    folders[:] = [name for name in folders if os.path.join(folder, name) not in passed]
"""
"""Every file that an image adds to its base, and some of the base, as a line: rights, owner and content."""
