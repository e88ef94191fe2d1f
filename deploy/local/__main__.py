"""`python -m deploy.local`: the `waybill` command where it is not installed as one."""

from deploy.local.cli import main

main()
