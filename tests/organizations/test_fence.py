import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from organizations import fence
from organizations.models import Membership
from organizations.roles import Role

pytestmark = pytest.mark.django_db


def roles_seen() -> set[str]:
    return {membership.person.email for membership in Membership.objects.select_related("person")}


def test_nothing_set_means_no_rows(admin, stranger):
    assert roles_seen() == set()


def test_inside_one_organization_another_is_not_there(acme, globex, admin, stranger):
    with fence.inside(acme.id):
        assert roles_seen() == {"admin@acme.example"}
        with fence.inside(globex.id):
            assert roles_seen() == {"stranger@globex.example"}
        assert roles_seen() == {"admin@acme.example"}
    assert roles_seen() == set()


def test_a_person_sees_their_own_memberships_before_an_organization_is_known(admin, stranger):
    with fence.as_person(stranger.id):
        assert roles_seen() == {"stranger@globex.example"}


def test_a_person_cannot_make_themselves_a_member_elsewhere(acme, stranger):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        fence.as_person(stranger.id),
    ):
        Membership.objects.create(organization=acme, person=stranger, role=Role.ADMIN)


def test_a_row_for_another_organization_is_refused(acme, globex, admin):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        fence.inside(globex.id),
    ):
        Membership.objects.create(organization=acme, person=admin, role=Role.ADMIN)


def test_an_update_cannot_move_a_row_out(acme, globex, admin):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        fence.inside(acme.id),
    ):
        Membership.objects.update(organization=globex)


def test_after_an_error_the_organization_before_is_back(acme, globex):
    with fence.inside(acme.id):
        with pytest.raises(ZeroDivisionError), fence.inside(globex.id):
            raise ZeroDivisionError
        assert fence.current_organization_id() == acme.id
    assert fence.current_organization_id() is None


def test_what_is_not_an_organization_sees_nothing(admin):
    with fence.inside(uuid.uuid4()):
        assert roles_seen() == set()


def test_the_application_role_is_neither_owner_nor_superuser():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, "
            "pg_has_role(current_user, (SELECT tableowner FROM pg_tables "
            "WHERE tablename = 'organizations_membership'), 'member') "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False)
