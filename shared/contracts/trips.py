"""Messages that the trips service owns. It owns none yet."""
