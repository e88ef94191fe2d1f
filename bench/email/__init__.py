"""E-mail: outbox → relay → worker → mail server → delivery, attempt and receipt, beside a bare aiosmtplib loop."""
