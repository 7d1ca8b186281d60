"""python -m localrun: the whole migration of a tenant; `copy`: one mailbox; `discover`: a manifest
from the source's directory; `plan`: what a manifest would do; `new-tenant`, `tenants`, `deploy`:
tenant files and their stacks; `probe`: questions to a real WorkMail organization; `estimate`: what
it would cost."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the process's exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    # Each is loaded alone: what the laptop's cloud consists of takes longer to load than a pass
    # over a mailbox without news takes to run.
    if given[:1] == ["copy"]:
        gc.disable()  # what is loaded now is no garbage
        from localrun import copy_quiet

        status = copy_quiet.run(given[1:], os.environ)
        if status is not None:
            copy_quiet.leave(status)
        gc.enable()
        from localrun import copy_command

        return copy_command.main(given[1:])
    if given[:1] == ["plan"]:
        from localrun import plan_command

        return plan_command.main(given[1:])
    if given[:1] == ["discover"]:
        from localrun.discover import command as discover_command

        return discover_command.main(given[1:])
    if given[:1] == ["new-tenant"]:
        from localrun import new_tenant

        return new_tenant.main(given[1:])
    if given[:1] == ["tenants"]:
        from localrun import tenants_command

        return tenants_command.main(given[1:])
    if given[:1] == ["deploy"]:
        from localrun.deploy import command as deploy_command

        return deploy_command.main(given[1:])
    if given[:1] == ["probe"]:
        from localrun.probe import command

        return command.main(given[1:])
    if given[:1] == ["estimate"]:
        from localrun.estimate import command as estimate_command

        return estimate_command.main(given[1:])
    from localrun import tenant_command

    return tenant_command.main(given)


if __name__ == "__main__":
    sys.exit(main())
