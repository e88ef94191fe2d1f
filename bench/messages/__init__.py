"""The message path: outbox → relay → broker → inbox and effect in one transaction → receipt."""
