"""An SMTP server that takes every mail and does wrong what its fault rules say (RFC 5321, 3207, 4954, 3464)."""
