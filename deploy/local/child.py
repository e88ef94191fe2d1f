"""Starts one program so that it ends with its keeper: `python child.py [--user NAME] SIGNAL PROGRAM [ARGUMENT…]`.

supervisor ends its children when it is told to end. When it is killed they would live on, so the kernel is asked
to send them SIGNAL at that moment (PR_SET_PDEATHSIG, Linux). Root may also change the user here: the Python that
runs this may lie where that user cannot reach it, and changing the user afterwards would clear the request.
Imports the standard library only, to start within milliseconds.
"""

import ctypes
import os
import pwd
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    # Python only takes note of a SIGINT, and forgets it where the program is put in its place at that moment.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    keeper = os.getppid()
    if arguments[0] == "--user":
        account = pwd.getpwnam(arguments[1])
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        arguments = arguments[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.Signals[arguments[0]]), 0, 0, 0)
        if os.getppid() != keeper:
            sys.exit("the keeper of this process is gone")
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 — there is no shell, and the arguments are our own.


if __name__ == "__main__":
    main(sys.argv[1:])
