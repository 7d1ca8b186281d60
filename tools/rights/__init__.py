"""What each function calls of AWS's APIs, read from the code, beside what its role allows.

    program.py     the functions and classes of lambdas/, with the types that mypy finds
    code.py        small questions about Python's syntax trees
    reach.py       which of them a handler can reach
    values.py      what an expression can be: texts as patterns, and clients of AWS
    calls.py       the API calls in what is reached, each with the resource it names
    actions.py     the IAM actions of an API operation, by botocore's models
    machine.py     the same for the state machine, from its definition
    allowed.py     what the synthesized template allows
    comparison.py  both, side by side

`python -m tools.rights` prints the comparison, tests/stacks/test_rights.py asserts it. Why so:
docs/decisions/0026-rights.md.
"""
