"""Messages that the analytics service owns. It owns none yet."""
