"""The laptop's cloud: what AWS and the mail world do for a migration, on loopback, without Docker.

`engine` runs the state machine, the Lambda functions and the virtual clock; `fakes` are the
servers they talk to. Nothing here is deployed, and only tests and the bench import it.
"""
