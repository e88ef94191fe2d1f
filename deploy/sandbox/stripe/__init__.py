"""Stripe's API: payment intents, refunds, customers and their cards, payouts, and the signed webhooks about them."""
