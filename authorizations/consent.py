"""The walk to the platform and back: begin an attempt, take the answer, exchange, remember.

Nothing is created until the answer is claimed, once, by the session that began; what a stranger or
a second answer brings changes nothing. The tokens are sealed onto the attempt as soon as they are
there, so that a single-use grant is not lost if what follows fails.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from authorizations import sealed_tokens
from authorizations.endings import ROUTE, end, fail, not_set_up, nothing_done
from authorizations.models import (
    ATTEMPT_LIFETIME,
    AttemptState,
    Authorization,
    AuthorizationAttempt,
)
from authorizations.platforms import app_for, redirect_uri
from organizations import fence, routing
from organizations.models import Membership, Organization, Person
from organizations.roles import May
from providers.app import NotConfigured
from providers.errors import PlatformError
from providers.registry import registry
from providers.secret import Secret
from providers.values import Callback, Grant

logger = logging.getLogger(__name__)

# How soon the sweep looks again at an attempt whose checking has begun.
CHECK_AGAIN = timedelta(seconds=10)


class CallbackRefused(Exception):
    """What arrived at the redirect address cannot be used. The message is for the person."""


@dataclass(frozen=True)
class Wish:
    """What the person filled in at "New authorization", and where the walk goes on afterwards."""

    name: str
    platform: str
    options: Mapping[str, str] = field(default_factory=dict)
    reconnects: Authorization | None = None
    in_popup: bool = False
    next_url: str = ""


def begin(
    *,
    attempt_id: uuid.UUID,
    organization: Organization,
    person: Person,
    session_secret: str,
    wish: Wish,
) -> AuthorizationAttempt:
    """Begin an attempt; the platform may be asked, so call it outside the fence.

    Raises NotConfigured, or the platform's error where it refuses to begin.
    """
    platform = registry.get(wish.platform)
    start = platform.begin_consent(
        app_for(platform.key),
        redirect_uri(platform.key),
        secrets.token_urlsafe(32),
        wish.options,
    )
    with fence.inside(organization.id):
        attempt = AuthorizationAttempt(
            id=attempt_id,
            organization=organization,
            person=person,
            session_hash=_hash(session_secret),
            name=wish.name,
            platform=platform.key,
            options=dict(wish.options),
            authorization=wish.reconnects,
            reconnects=wish.reconnects is not None,
            in_popup=wish.in_popup,
            next_url=wish.next_url,
            expires_at=timezone.now() + ATTEMPT_LIFETIME,
        )
        attempt.consent_url_sealed = _sealed(attempt, "consent_url", Secret(start.url))
        if start.secret is not None:
            attempt.secret_sealed = _sealed(attempt, "consent_secret", start.secret)
        attempt.save(force_insert=True)
        routing.add(
            ROUTE,
            organization_id=organization.id,
            row_id=attempt.id,
            secret=_route_secret(platform.key, start.lookup.reveal()),
            due_in=ATTEMPT_LIFETIME,
        )
    return attempt


def consent_url(attempt: AuthorizationAttempt) -> str | None:
    """Return where the person goes, while the attempt waits. Inside the fence."""
    if attempt.state != AttemptState.WAITING or attempt.expires_at <= timezone.now():
        return None
    url = _opened(attempt, "consent_url")
    return url.reveal() if url else None


def answer(
    *, platform_key: str, parameters: Mapping[str, str], person: Person, session_secret: str
) -> AuthorizationAttempt:
    """Take what came back to a platform's redirect address; call it outside the fence.

    Returns the attempt, moved to checking (a worker goes on from there), refused or failed; or as
    another answer left it, nothing changed, where this one is repeated.
    Raises CallbackRefused, nothing changed, where the answer belongs to no attempt of this session.
    """
    if platform_key not in registry:
        raise CallbackRefused("This address belongs to no platform.")
    callback = registry.get(platform_key).read_callback(parameters)
    attempt, is_ours = _claim(platform_key, callback, person, session_secret)
    # An answer that comes while another one is exchanged sees the same state.
    if is_ours and attempt.state == AttemptState.EXCHANGING:
        _exchange(attempt, callback)
    return attempt


def _claim(
    platform_key: str, callback: Callback, person: Person, session_secret: str
) -> tuple[AuthorizationAttempt, bool]:
    """Return the attempt that an answer belongs to, and whether this answer moved it."""
    found = routing.find(ROUTE, _route_secret(platform_key, callback.lookup.reveal()))
    if found is None:
        raise CallbackRefused(
            "This approval belongs to no request that waits here. It may have been answered or "
            "stopped before, its 15 minutes may be over, or it was begun somewhere else. What was "
            "approved before is in the list of authorizations."
        )
    with fence.inside(found.organization_id):
        attempt = AuthorizationAttempt.objects.select_related("authorization").get(pk=found.row_id)
        mine = attempt.person_id == person.id and hmac.compare_digest(
            bytes(attempt.session_hash), _hash(session_secret)
        )
        if not mine:
            raise CallbackRefused(
                "This approval was begun in another browser session. Begin again in this one."
            )
        membership = Membership.objects.filter(person=person).first()
        if membership is None:
            raise CallbackRefused("You are no longer a member of that organization.")
        is_ours = _taken(attempt, callback, membership)
        if not is_ours:
            attempt.refresh_from_db()
    return attempt, is_ours


def _taken(attempt: AuthorizationAttempt, callback: Callback, membership: Membership) -> bool:
    """Move the attempt by what came back; False where another answer was faster."""
    if attempt.state != AttemptState.WAITING:
        # It is found as long as it is checked: a repeated answer must not end it then.
        return False
    label, nothing = attempt.platform_label, nothing_done(attempt)
    if attempt.expires_at <= timezone.now():
        message = f"The approval took longer than 15 minutes. {nothing}"
        return end(attempt, AttemptState.EXPIRED, "The request has expired", message)
    if not may_finish(attempt, membership):
        message = f"Your role changed while you were at {label}, and no longer allows this."
        return end(
            attempt, AttemptState.FAILED, "Your role does not suffice", f"{message} {nothing}"
        )
    if callback.code is not None:
        return attempt.move(AttemptState.EXCHANGING)
    if callback.refusal in _TROUBLE:
        message = f"It sent you back with “{callback.refusal}”. {nothing}"
        step = _TROUBLE[callback.refusal]
        return end(attempt, AttemptState.FAILED, f"{label} could not go on", f"{message} {step}")
    message = f"The approval was declined or canceled. {nothing}"
    return end(attempt, AttemptState.REFUSED, f"Not approved at {label}", message)


def may_finish(attempt: AuthorizationAttempt, membership: Membership) -> bool:
    """Say whether this member still may do what they began: a role can change meanwhile."""
    target = attempt.authorization if attempt.reconnects else None
    if target is not None and target.authorized_by_id != membership.person_id:
        return membership.may(May.ADMINISTER)
    return membership.may(May.AUTHORIZE)


# What RFC 6749, section 4.1.2.1, calls a refusal that no person meant, and the next step.
_TROUBLE = {
    "server_error": "Wait a moment and try again.",
    "temporarily_unavailable": "Wait a moment and try again.",
    "invalid_request": "Tell the operator of this product.",
    "invalid_scope": "Tell the operator of this product.",
    "unauthorized_client": "Tell the operator of this product.",
    "unsupported_response_type": "Tell the operator of this product.",
}


def _exchange(attempt: AuthorizationAttempt, callback: Callback) -> None:
    """Exchange the code and seal what comes; no transaction is open while the platform is asked."""
    organization_id = attempt.organization_id
    with fence.inside(organization_id):
        secret = _opened(attempt, "consent_secret")
    try:
        grant = _granted(attempt, callback, secret.reveal() if secret else "")
    except PlatformError as error:
        logger.warning("attempt %s: exchange failed: %s", attempt.id, error.code or error)
        with fence.inside(organization_id):
            fail(attempt, error)
        return
    with fence.inside(organization_id):
        attempt.move(
            AttemptState.CHECKING,
            grant=_as_json(grant),
            consent_url_sealed=None,
            secret_sealed=None,
            **sealed_tokens.sealed_for_attempt(attempt, grant.tokens),
        )
        routing.remove(ROUTE, attempt.id)
        routing.add(
            ROUTE,
            organization_id=organization_id,
            row_id=attempt.id,
            # An address that is loaded again finds the attempt, and leads to how it stands.
            secret=_route_secret(attempt.platform, callback.lookup.reveal()),
            due_in=CHECK_AGAIN,
        )


def _granted(attempt: AuthorizationAttempt, callback: Callback, secret: str) -> Grant:
    try:
        return registry.get(attempt.platform).finish_consent(
            app_for(attempt.platform),
            redirect_uri(attempt.platform),
            callback,
            secret,
            attempt.options,
        )
    except NotConfigured:
        raise not_set_up(attempt) from None


def _as_json(grant: Grant) -> dict[str, object]:
    """Return what is kept of a grant beside its tokens: nothing secret."""
    return {
        "expires_in": grant.expires_in,
        "refresh_expires_in": grant.refresh_expires_in,
        "scopes": sorted(grant.scopes) if grant.scopes is not None else None,
        "facts": dict(grant.facts),
        "at": timezone.now().isoformat(),
    }


_SEALED_IN = {"consent_url": "consent_url_sealed", "consent_secret": "secret_sealed"}


def _sealed(attempt: AuthorizationAttempt, field: str, secret: Secret) -> bytes:
    return sealed_tokens.seal_text(
        secret, organization_id=attempt.organization_id, row=attempt.id, field=field
    )


def _opened(attempt: AuthorizationAttempt, field: str) -> Secret | None:
    return sealed_tokens.open_text(
        getattr(attempt, _SEALED_IN[field]),
        organization_id=attempt.organization_id,
        row=attempt.id,
        field=field,
    )


def _route_secret(platform_key: str, lookup: str) -> str:
    return f"{platform_key}\0{lookup}"


def _hash(session_secret: str) -> bytes:
    return hashlib.sha256(session_secret.encode()).digest()
