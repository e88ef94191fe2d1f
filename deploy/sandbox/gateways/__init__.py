"""What the stand-ins of payment gateways share: their fault rules, their webhooks, their clock, their ledger of what was done."""
