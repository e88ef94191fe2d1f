"""The mailbox: every mail that any provider took, to look at and to search."""
