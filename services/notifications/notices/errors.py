"""What notices say no with.

Permanent (422)
├── NobodyReachable     nobody is known by the reference, or there is no address for any channel of the notice
└── NothingToSay        no template says the notice over a channel that was asked for
"""

from shared.runtime.errors import Permanent


class NobodyReachable(Permanent):
    code, title = "nobody_reachable", "The notice can reach nobody"


class NothingToSay(Permanent):
    code, title = "nothing_to_say", "No template says this"
