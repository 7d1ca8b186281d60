"""What each function is: how big it is, and what it may do. All else is in functions.py."""

from __future__ import annotations

from collections.abc import Mapping

from stacks.function_row import Row

_READ_WAVES = ("GetSecretValue",)
_WRITE_WAVES = ("GetSecretValue", "CreateSecret", "TagResource", "PutSecretValue")
_CHANGE_WAVES = ("GetSecretValue", "PutSecretValue")
_ASK_ORGANIZATION = ("DescribeOrganization", "DescribeIdentityProviderConfiguration")
_TAKE_RIGHTS_AWAY = (
    *("ListImpersonationRoles", "DeleteImpersonationRole"),
    *("PutMailboxPermissions", "DeleteMailboxPermissions"),
    *("DescribeEntity", "DescribeUser", "DeregisterFromWorkMail", "DeleteUser"),
    # asked for the state of what WorkMail refuses to change
    *("DescribeGroup", "DescribeResource"),
)
_FIND_USER = ("DescribeEntity", "DescribeUser")
_SEE_ENTITY = (
    *("DescribeGroup", "ListGroups", "DescribeResource", "ListAliases"),
    *("ListGroupMembers", "ListResourceDelegates", "ListMailboxPermissions"),
)
_FIND_ZONES = ("ListHostedZonesByName",)
_WRITE_ZONES = ("ListResourceRecordSets", "ChangeResourceRecordSets")
_FIND_NAME = ("ListGroups", "DescribeResource", "DescribeUser")
_MAKE_ENTITY = (
    *(*_FIND_USER, "DescribeGroup", "ListGroups", "DescribeResource", "ListAliases"),
    *("CreateGroup", "UpdateGroup", "CreateResource", "UpdateResource"),
    *("RegisterToWorkMail", "CreateAlias"),
)

TABLE: Mapping[str, Row] = {
    "prepare": Row(records=("GetItem", "PutItem", "UpdateItem"), observes=True, tells=True),
    "control_run": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        observes=True,
        stops=True,
        schedules=("DeleteSchedule",),
        lists_schedules=True,
    ),
    # 10,000 mailboxes are as many updates of the ledger, one after the other
    "repeat_wave": Row(
        records=("Query", "PutItem", "UpdateItem"),
        timeout=880,
        reads=("plans/*",),
        writes=("plans/*",),
    ),
    # the plan asks WorkMail two to four times for each of the manifest's entries
    "preflight": Row(
        records=("PutItem",),
        timeout=880,
        memory=512,
        reads=("intake/*",),
        pinned=("intake/*",),
        writes=("plans/*", "reports/*"),
        secret=True,
        passwords=True,
        workmail=(
            *("DescribeOrganization", "GetMailDomain", "GetDefaultRetentionPolicy"),
            *("ListAccessControlRules", "DescribeInboundDmarcSettings"),
            *("DescribeIdentityProviderConfiguration", "ListUsers", "GetMailboxDetails"),
            *_FIND_USER,
            *_SEE_ENTITY,
        ),
    ),
    "plan_wave": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        timeout=880,
        memory=512,
        reads=("intake/*",),
        pinned=("intake/*",),
        writes=("plans/*",),
        tells=True,
    ),
    "ensure_domains": Row(
        records=("GetItem", "PutItem"),
        workmail=("GetMailDomain", "RegisterMailDomain", "UpdateDefaultMailDomain"),
    ),
    "prepare_passwords": Row(
        records=("Query", "PutItem"),
        timeout=280,
        passwords=True,
        waves=_WRITE_WAVES,
        workmail=("DescribeOrganization", "DescribeIdentityProviderConfiguration"),
    ),
    "provision_user": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        passwords=True,
        waves=_READ_WAVES,
        workmail=(
            *_FIND_USER,
            "DescribeOrganization",
            "GetMailDomain",
            "UpdatePrimaryEmailAddress",
            "CreateUser",
            "RegisterToWorkMail",
            "UpdateUser",
            "GetMailboxDetails",
            "UpdateMailboxQuota",
            "ListAliases",
            "CreateAlias",
        ),
    ),
    "provision_entity": Row(records=("GetItem", "PutItem"), workmail=_MAKE_ENTITY),
    # a group of 1,000 members is 2,000 calls
    "link_entity": Row(
        records=("GetItem", "Query", "PutItem"),
        timeout=280,
        workmail=(
            *_MAKE_ENTITY,
            *("ListGroupMembers", "AssociateMemberToGroup"),
            *("ListResourceDelegates", "AssociateDelegateToResource"),
            *("ListMailboxPermissions", "PutMailboxPermissions"),
        ),
    ),
    "fail_entity": Row(records=("GetItem", "PutItem")),
    "settle_passwords": Row(
        records=("Query", "PutItem"),
        timeout=280,
        waves=("GetSecretValue", "PutSecretValue", "DeleteSecret"),
    ),
    "enable_administrator": Row(
        records=("GetItem", "Query", "PutItem", "DeleteItem"),
        timeout=280,
        passwords=True,
        waves=_READ_WAVES,
        administrator=_WRITE_WAVES,
        workmail=(
            "CreateImpersonationRole",
            "AssumeImpersonationRole",
            *_ASK_ORGANIZATION,
            *("CreateUser", "ResetPassword", "RegisterToWorkMail", "ListMailboxPermissions"),
            # what an earlier run has left goes before another administrator is used
            *_TAKE_RIGHTS_AWAY,
        ),
    ),
    # TLS, base64 and XML want CPU; the memory itself stays below 512 MB for any mailbox
    "copy_slice": Row(
        records=("GetItem", "UpdateItem"),
        folders=("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
        timeout=900,
        memory=1024,
        reads=("audit/*",),
        writes=("audit/*", "quarantine/*"),
        secret=True,
        passwords=True,
        waves=_READ_WAVES,
        administrator=_READ_WAVES,
        workmail=("AssumeImpersonationRole",),
        opens=True,
    ),
    "copy_groupware": Row(
        records=("GetItem", "UpdateItem"),
        folders=("GetItem", "Query", "UpdateItem"),
        timeout=900,
        memory=1024,
        reads=("groupware/*", "intake/*"),
        writes=("groupware/*", "quarantine/*"),
        secret=True,
        passwords=True,
        administrator=_READ_WAVES,
        workmail=("AssumeImpersonationRole",),
        opens=True,
    ),
    # the traits of a message of 40 MB need several times its size
    "verify_mailbox": Row(
        records=("GetItem", "UpdateItem"),
        folders=("Query", "UpdateItem"),
        timeout=900,
        memory=1024,
        reads=("audit/*", "verify/*", "groupware/*", "intake/*"),
        writes=("verify/*",),
        secret=True,
        passwords=True,
        waves=_READ_WAVES,
        administrator=_READ_WAVES,
        workmail=("AssumeImpersonationRole",),
        opens=True,
    ),
    "fail_mailbox": Row(records=("GetItem", "PutItem", "UpdateItem"), tells=True),
    "summarise_pass": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem"),
        timeout=280,
        writes=("plans/*",),
        tells=True,
    ),
    # the folders of every mailbox are counted if this run has copied nothing
    "approve_cutover": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem"),
        folders=("Query",),
        timeout=280,
        memory=512,
        writes=("reports/*",),
        tells=True,
        answers=True,
        asks=True,
    ),
    "check_dns": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem"),
        workmail=("GetMailDomain",),
        tells=True,
    ),
    "recheck_dns": Row(
        records=("GetItem", "PutItem", "UpdateItem"), workmail=("GetMailDomain",), tells=True
    ),
    "ask_about_dns": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        writes=("reports/*",),
        tells=True,
        answers=True,
        asks=True,
    ),
    "record_answer": Row(records=("GetItem", "Query", "PutItem", "UpdateItem"), tells=True),
    "answer_question": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem"), timeout=20, answers=True, by_url=True
    ),
    # 100 domains are 1,000 requests, and Route 53 lets an account make five a second
    "prepare_dns": Row(
        records=("Query", "PutItem"),
        timeout=880,
        writes=("reports/*",),
        workmail=("GetMailDomain",),
        zones=(*_FIND_ZONES, *_WRITE_ZONES),
    ),
    "publish_dns": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem"),
        timeout=880,
        reads=("reports/*",),
        writes=("reports/*",),
        workmail=("GetMailDomain",),
        zones=(*_FIND_ZONES, *_WRITE_ZONES, "GetChange"),
        tells=True,
    ),
    "rollback_dns": Row(
        records=("GetItem", "Query", "PutItem"),
        timeout=880,
        writes=("reports/*",),
        zones=(*_WRITE_ZONES, "GetChange"),
        tells=True,
    ),
    "verify_tenant": Row(records=("Query", "PutItem"), timeout=280),
    "reset_passwords": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem"),
        timeout=280,
        passwords=True,
        waves=_WRITE_WAVES,
        workmail=("ResetPassword",),
    ),
    "schedule_late_passes": Row(records=("PutItem",), schedules=("CreateSchedule",)),
    # 10,000 users are five files and a mail each
    "send_client_guides": Row(
        records=("Query", "PutItem", "UpdateItem"),
        timeout=880,
        memory=1024,
        reads=("intake/*",),
        writes=("clients/*", "reports/*"),
        mails=True,
        workmail=("DescribeOrganization", "DescribeIdentityProviderConfiguration", "ListUsers"),
    ),
    "plan_rollback": Row(
        records=("GetItem", "Query", "PutItem"),
        timeout=280,
        memory=512,
        writes=("plans/*", "reports/*"),
        workmail=("ListUsers", *_FIND_NAME),
    ),
    "approve_rollback": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        writes=("reports/*",),
        tells=True,
        answers=True,
        asks=True,
    ),
    "look_into_mailbox": Row(
        records=("GetItem", "PutItem"),
        folders=("Query",),
        timeout=280,
        memory=512,
        reads=("audit/*",),
        passwords=True,
        waves=_READ_WAVES,
        administrator=_READ_WAVES,
        workmail=("DescribeUser", "AssumeImpersonationRole"),
    ),
    "order_rollback": Row(
        records=("GetItem", "Query", "PutItem"),
        timeout=280,
        memory=512,
        writes=("plans/*",),
        workmail=("ListUsers", *_FIND_NAME),
        schedules=("DeleteSchedule",),
        lists_schedules=True,
    ),
    "undo_step": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        folders=("Query", "BatchWriteItem"),
        timeout=280,
        reads=("audit/*",),
        writes=("audit/*",),
        workmail=(
            *_FIND_NAME,
            "DescribeGroup",
            "ListMailboxPermissions",
            "PutMailboxPermissions",
            "DeleteMailboxPermissions",
            "DeleteAlias",
            "DisassociateMemberFromGroup",
            "DisassociateDelegateFromResource",
            "DeregisterFromWorkMail",
            "DeleteUser",
            "DeleteGroup",
            "DeleteResource",
            "DeregisterMailDomain",
        ),
    ),
    # hundreds of thousands of items and versions are listed, a thousand a call
    "plan_erasure": Row(
        records=("Query",), timeout=880, memory=512, lists_schedules=True, counts_all=True
    ),
    "approve_erasure": Row(
        records=("GetItem", "PutItem", "UpdateItem"),
        writes=("reports/*",),
        tells=True,
        answers=True,
        asks=True,
    ),
    "erase_tenant": Row(
        records=("Query",),
        timeout=880,
        memory=512,
        reads=("erased/*",),
        writes=("erased/*",),
        schedules=("DeleteSchedule",),
        lists_schedules=True,
        counts_all=True,
        erases_all=True,
    ),
    "prove_erasure": Row(
        timeout=880,
        memory=512,
        reads=("erased/*",),
        writes=("erased/*",),
        lists_schedules=True,
        tells=True,
        counts_all=True,
    ),
    "disable_administrator": Row(
        records=("GetItem", "Query", "PutItem", "DeleteItem"),
        timeout=280,
        administrator=_CHANGE_WAVES,
        workmail=_TAKE_RIGHTS_AWAY,
    ),
    "write_report": Row(
        records=("GetItem", "Query", "PutItem"),
        folders=("Query",),
        timeout=280,
        memory=512,
        reads=("verify/*", "reports/*", "groupware/*"),
        writes=("reports/*",),
        tells=True,
        shows=True,
    ),
    "release_lock": Row(records=("DeleteItem",)),
    "measure_progress": Row(
        records=("GetItem", "Query", "PutItem"),
        folders=("Query",),
        timeout=280,
        memory=512,
        shows=True,
        by_rule=True,
    ),
    "clean_up": Row(
        records=("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
        timeout=900,
        memory=512,
        administrator=_CHANGE_WAVES,
        workmail=_TAKE_RIGHTS_AWAY,
        observes=True,
        tells=True,
        shows=True,
        by_rule=True,
    ),
}
