"""Protocol clients that are worth our own code: fewer round trips than the usual libraries make.

They know a protocol and nothing of migrations; sources and targets translate their errors.
"""
