"""The infrastructure of one tenant's migration, in CDK.

    config.py     what an operator may set, in tenants/<tenant>.yaml; checked before anything else
    tenants.py    which tenant file this synth is for
    migration.py  the stack: puts the rooms below together
    storage.py    ledger, bucket, secret: what outlives the stack
    keys.py       the key that encrypts everything; key_rights.py, what roles may do with it
    acknowledgements.py  why findings of AWS Solutions' rules stay
    functions.py  one Lambda function per handler in lambdas/
    layer.py      the functions' third-party packages, bundled without Docker
    node.py       which Node runs the CDK library
    machine.py    the state machine of statemachines/migrate_tenant.asl.json, and its alias
    starting.py   who may start it; uploads.py, schedules.py and late_passes.py are what does

Nothing here imports the product (lambdas/migration), and nothing calls AWS at synth.
"""
