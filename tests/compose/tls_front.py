"""Ends PostgreSQL's TLS in front of a server that was built without it. Run in a container of its own: `python tls_front.py`.

As a server with nothing but `hostssl` lines in its pg_hba.conf, it refuses whoever does not ask for TLS.
https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

import asyncio
import ssl
import struct
from contextlib import suppress
from typing import Final

SERVER: Final = ("database", 5432)
SSL_REQUEST: Final = 80877103
GSS_REQUEST: Final = 80877104
REFUSAL: Final = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for this host: no encryption\0\0"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        while code == GSS_REQUEST:
            writer.write(b"N")
            length, code = struct.unpack("!II", await reader.readexactly(8))
        if (length, code) != (8, SSL_REQUEST):
            writer.write(b"E" + struct.pack("!I", len(REFUSAL) + 4) + REFUSAL)
            return
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(_context())
        behind_reader, behind_writer = await asyncio.open_connection(*SERVER)
        await asyncio.gather(_pump(reader, behind_writer), _pump(behind_reader, writer))
    except (OSError, asyncio.IncompleteReadError):
        # A client that gave up, or one that trusts another authority.
        return
    finally:
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/run/waybill/server.pem", "/run/waybill/server.key")
    return context


async def _main() -> None:
    server = await asyncio.start_server(_serve, "0.0.0.0", 5432)  # noqa: S104 # in a container of its own
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
