"""Messages that the payments service owns. It owns none yet."""
