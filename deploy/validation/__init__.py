"""Holds what is under deploy/, and what it is built on, against the tools that read it and our rules: `make validate-deploy`."""
