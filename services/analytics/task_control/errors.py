"""What controlling tasks says no with.

NotFound (404)
├── UnknownTask         there is no contract of this name
└── UnknownLane         no service of ours has this lane
Invalid (422)
└── TaskUnusable        two things are said where one is meant, or a lane is not one of the task's
"""

from shared.runtime.errors import Invalid, NotFound


class UnknownTask(NotFound):
    code, title = "unknown_task", "There is no such task"


class UnknownLane(NotFound):
    code, title = "unknown_lane", "There is no such lane"


class TaskUnusable(Invalid):
    code, title = "task_unusable", "The task cannot be scheduled as described"
