"""The consuming side: the inbox is the fence that makes effects single, and the ledger of attempts."""
