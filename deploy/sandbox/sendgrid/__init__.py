"""SendGrid's v3 Mail Send, its bounce list, Email Activity and signed Event Webhook (twilio.com/docs/sendgrid)."""
