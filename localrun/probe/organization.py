"""What the organization is and how it is set: readings only."""

from __future__ import annotations

from localrun.probe.model import Learned, Need, NotAsked, Probe
from localrun.probe.session import Session


def _ask_organization(session: Session) -> Learned:
    answer = session.client.describe_organization(OrganizationId=session.options.organization)
    switch = bool(answer.get("MigrationAdmin"))
    state, kind = answer.get("State", ""), answer.get("DirectoryType", "")
    interoperability = answer.get("InteroperabilityEnabled", False)
    said = f"the console's migration switch is {'on' if switch else 'off'}"
    return Learned(
        f"{state}, directory {kind or 'of no named type'}; {said}",
        {
            "state": state,
            "directory_type": kind,
            "interoperability": interoperability,
            "migration_admin_set": switch,
        },
    )


def _ask_sign_in(session: Session) -> Learned:
    mode = session.directory.authentication_mode()
    if not mode:
        return Learned("IAM Identity Center is not used", {"mode": ""})
    return Learned(f"IAM Identity Center, mode {mode}", {"mode": mode})


def _ask_access_rules(session: Session) -> Learned:
    rules = session.directory.access_rules()
    denying = sum(not rule.allows for rule in rules)
    about = {action for rule in rules if not rule.allows for action in rule.actions}
    return Learned(
        f"access control rules: {len(rules)}, of which deny: {denying}",
        {"rules": len(rules), "denying": denying, "denied_actions": sorted(about)},
    )


def _ask_retention(session: Session) -> Learned:
    days = session.directory.retention_days()
    if not days:
        return Learned("no retention policy deletes mail", {"days": {}})
    return Learned("a retention policy deletes old mail", {"days": dict(sorted(days.items()))})


def _ask_dmarc(session: Session) -> Learned:
    enforced = session.directory.enforces_dmarc()
    return Learned(f"inbound DMARC is {'' if enforced else 'not '}enforced", {"enforced": enforced})


def _ask_new_organization(_: Session) -> Learned:
    raise NotAsked("the only way to find out is to create one, which this command never does")


QUESTIONS = (
    Probe(
        "organization",
        0,
        "State, directory type, interoperability, and is the console's migration switch on?",
        Need.NOTHING,
        _ask_organization,
    ),
    Probe("sign-in", 0, "How do users sign in?", Need.NOTHING, _ask_sign_in),
    Probe(
        "access-rules", 0, "Which access control rules are there?", Need.NOTHING, _ask_access_rules
    ),
    Probe("retention", 0, "Does a policy delete old mail?", Need.NOTHING, _ask_retention),
    Probe("dmarc", 0, "Is DMARC enforced on inbound mail?", Need.NOTHING, _ask_dmarc),
    Probe(
        "new-organization",
        8,
        "Does CreateOrganization still work for this account?",
        Need.NOTHING,
        _ask_new_organization,
    ),
)
