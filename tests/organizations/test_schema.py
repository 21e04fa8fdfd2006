"""The fence as the database has it: a new table cannot dodge it."""

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db

# Every table without a policy, each with its reason.
WITHOUT_A_POLICY = {
    "django_migrations": "which migrations ran",
    "django_content_type": "names of models, no rows of anybody",
    "auth_permission": "Django's own, unused; names of models",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
    "django_session": "read by a random key before anybody is known",
    "organizations_person": "signing in comes before an organization",
    "organizations_organization": "an id and a name, needed by the switcher",
    "organizations_route": "keyed hashes and due times, read before an organization is known",
    "authorizations_sharedgrant": "keyed hashes; who shares a grant is asked across organizations",
    "exports_breaker": "platforms that are down; shared by all organizations on purpose",
    "exports_ratebudget": "keyed hashes and times; shared by all organizations on purpose",
}


def rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_table_without_a_forced_policy_has_a_reason():
    fenced = {
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity "
            "AND relforcerowsecurity AND relnamespace = 'public'::regnamespace"
        )
    }
    tables = {name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname='public'")}
    assert tables - fenced == set(WITHOUT_A_POLICY)


def test_every_policy_checks_what_is_written_too():
    for table, command, check in rows(
        "SELECT tablename, cmd, with_check FROM pg_policies WHERE schemaname = 'public'"
    ):
        assert command == "SELECT" or "app.organization" in check, table


def test_every_table_with_an_organization_is_fenced():
    holds_one = {
        name
        for (name,) in rows(
            "SELECT table_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name = 'organization_id'"
        )
    }
    fenced = {name for (name,) in rows("SELECT tablename FROM pg_policies")}
    assert holds_one - fenced == {"organizations_route"}


def test_no_reference_between_tenant_tables_is_on_one_column():
    fenced = {name for (name,) in rows("SELECT tablename FROM pg_policies")}
    single = rows(
        "SELECT conrelid::regclass::text, confrelid::regclass::text, conname FROM pg_constraint "
        "WHERE contype = 'f' AND cardinality(conkey) = 1"
    )
    between = [row for row in single if row[0] in fenced and row[1] in fenced]
    assert between == []


def test_every_declared_reference_between_tenant_tables_is_held_by_a_composite_key():
    fenced = {name for (name,) in rows("SELECT tablename FROM pg_policies")}
    declared = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if model._meta.db_table in fenced
        and field.related_model is not None
        and field.related_model._meta.db_table in fenced
    }
    held = {
        (table, column)
        for table, column in rows(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c "
            "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2] "
            "WHERE c.contype = 'f' AND cardinality(c.conkey) = 2"
        )
    }
    assert declared
    assert declared == held


def test_the_audit_log_can_be_added_to_and_read_but_not_changed():
    granted = {
        privilege
        for (privilege,) in rows(
            "SELECT privilege_type FROM information_schema.role_table_grants "
            "WHERE table_name = 'audit_entry' AND grantee = current_user"
        )
    }
    assert granted == {"INSERT", "SELECT"}
