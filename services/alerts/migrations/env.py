from shared.runtime.migrations import env

env.run("alerts")
