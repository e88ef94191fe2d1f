"""Holds what is under deploy/ against the tools that read it, and against rules of our own: `make validate-deploy`."""
