"""Stand-ins for the outside providers: they speak the providers' own wire formats over real sockets.

One process on one event loop. A provider is a folder here (`smtp/`); what all of them share is beside this file:
the ledger of what was received, the fault rules, the timers of what they do later, the HTTP app and its page.
`mailbox/` shows the mails, whichever provider took them.
"""
