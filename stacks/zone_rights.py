"""What a function may do with Route 53: only with records of the tenant's domains, and only with
those of the kinds that mail needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks.config import TenantConfig

_FIND = "ListHostedZonesByName"
_FOLLOW = "GetChange"
_CHANGE = "ChangeResourceRecordSets"


def zone_statements(
    stack: cdk.Stack, config: TenantConfig, actions: Sequence[str]
) -> Iterator[iam.PolicyStatement]:
    """None unless the tenant publishes by Route 53.

    A hosted zone is known in advance only where there is one domain and `dns.zone_id` names its
    zone. The condition keys are those of the Service Authorization Reference, Amazon Route 53;
    names are in small letters there, without the final dot."""
    if config.dns.publish != "route53":
        return
    known = config.dns.zone_id if len(config.domains) == 1 else ""
    zone = f"arn:{stack.partition}:route53:::hostedzone/{known or '*'}"
    resources = {_FIND: "*", _FOLLOW: f"arn:{stack.partition}:route53:::change/*"}
    names = [name for domain in config.domains for name in (domain, f"*.{domain}")]
    only = {
        "ForAllValues:StringEquals": {
            "route53:ChangeResourceRecordSetsRecordTypes": ["MX", "TXT", "CNAME"],
            "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
        },
        "ForAllValues:StringLike": {"route53:ChangeResourceRecordSetsNormalizedRecordNames": names},
    }
    for action in actions:
        yield iam.PolicyStatement(
            actions=[f"route53:{action}"],
            resources=[resources.get(action, zone)],
            conditions=only if action == _CHANGE else None,
        )
