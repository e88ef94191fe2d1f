"""Razorpay's API: orders, payments, refunds, mandates, settlements, and the signed webhooks about them."""
