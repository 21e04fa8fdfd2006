"""Rows as the product itself leaves them, for the tests of more than one room."""

import secrets
import uuid
from urllib.parse import parse_qs, urlsplit

from authorizations import consent, learning, services
from authorizations.models import Authorization, AuthorizationAttempt
from destinations.models import Destination
from destinations.services import Filled, destination_create
from organizations import fence
from providers.secret import Secret
from providers.values import AdAccount, Grant, Identity, Tokens, Verdict

SESSION = secrets.token_urlsafe()


def begin(organization, person, name="Acme UK", **wish) -> AuthorizationAttempt:
    return consent.begin(
        attempt_id=uuid.uuid4(),
        organization=organization,
        person=person,
        session_secret=SESSION,
        wish=consent.Wish(name=name, platform="sample", **wish),
    )


def state_of_attempt(attempt) -> str:
    """Read the state where the platform would: in the consent address."""
    with fence.inside(attempt.organization_id):
        url = consent.consent_url(AuthorizationAttempt.objects.get(pk=attempt.pk))
    return parse_qs(urlsplit(url).query)["state"][0]


def learned(attempt) -> AuthorizationAttempt:
    learning.learn(attempt.organization_id, attempt.id)
    return again(attempt)


def again(attempt) -> AuthorizationAttempt:
    with fence.inside(attempt.organization_id):
        return AuthorizationAttempt.objects.select_related("authorization").get(pk=attempt.pk)


def authorized(organization, person, name="Acme UK", accounts=None) -> Authorization:
    """Return an authorization as consent leaves it: tokens sealed, one ad account."""
    attempt = begin(organization, person, name)
    if accounts is None:
        accounts = [AdAccount("a1", "Acme UK", verdict=Verdict.SUFFICIENT)]
    with fence.inside(organization.id):
        row = services.authorization_create(
            attempt=attempt,
            grant=Grant(
                Tokens(Secret("access-1"), refresh=Secret("refresh-1")),
                expires_in=1800,
                scopes=frozenset({"audiences"}),
            ),
            identity=Identity(frozenset({"p1"}), "Acme Ltd"),
            missing=(),
        )
        services.ad_accounts_save(authorization=row, accounts=accounts)
    return row


def filled(authorization, *, name="Loyal customers", ad_account="a1", **settings) -> Filled:
    """Return a destination's form, filled and checked. In the fence."""
    return Filled(
        name=name,
        authorization=authorization,
        ad_account=authorization.ad_accounts.get(platform_id=ad_account),
        identifiers=["email"],
        settings={"audience_name": "Loyal", "days": "30", **settings},
    )


def destined(authorization, person, **wish) -> Destination:
    """Return a destination as a creator leaves it."""
    with fence.inside(authorization.organization_id):
        return destination_create(
            organization=authorization.organization,
            by=person,
            platform=authorization.platform,
            filled=filled(authorization, **wish),
        )


def stored(row):
    """Return a row as it is now."""
    with fence.inside(row.organization_id):
        return type(row).objects.get(pk=row.pk)


def change(row, **values) -> None:
    """Set columns of a stored row, as something that happened meanwhile would."""
    with fence.inside(row.organization_id):
        type(row).objects.filter(pk=row.pk).update(**values)
