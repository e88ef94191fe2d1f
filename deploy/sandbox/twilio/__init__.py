"""Twilio's Messages API: what its clients send and ask, and its signed status call-backs."""
