"""Attempts at an authorization, authorizations, the ad accounts they reach, and their uses."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone

from organizations.models import Person, Tenant
from providers.registry import registry
from providers.values import Verdict

ATTEMPT_LIFETIME = timedelta(minutes=15)


class AttemptState(models.TextChoices):
    """Where a walk to the platform and back stands."""

    WAITING = "waiting", "Waiting for approval"
    EXCHANGING = "exchanging", "Back from the platform"
    CHECKING = "checking", "Checking"
    DECIDING = "deciding", "Waiting for a decision"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    ABANDONED = "abandoned", "Abandoned"


# Every move that an attempt may make. What is not here ends nothing and changes nothing.
ATTEMPT_MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.WAITING: frozenset(
        {
            AttemptState.EXCHANGING,
            AttemptState.REFUSED,
            AttemptState.FAILED,
            AttemptState.EXPIRED,
            AttemptState.ABANDONED,
        }
    ),
    AttemptState.EXCHANGING: frozenset({AttemptState.CHECKING, AttemptState.FAILED}),
    AttemptState.CHECKING: frozenset(
        {AttemptState.DECIDING, AttemptState.DONE, AttemptState.FAILED}
    ),
    AttemptState.DECIDING: frozenset({AttemptState.DONE, AttemptState.ABANDONED}),
}


class AtPlatform(models.TextChoices):
    """What became of a removed authorization's access at the platform."""

    REVOKED = "revoked", "Revoked by a call"
    SHARED = "shared", "Kept: another authorization uses the same access"
    BY_PERSON = "by_person", "Only a person can end it"
    FAILED = "failed", "The call to revoke it was not confirmed"


class Authorization(Tenant):
    """A named, consented account at a platform. Its state follows from facts; see `health`."""

    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=40)
    options = models.JSONField(default=dict, blank=True)

    authorized_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    authorized_at = models.DateTimeField(default=timezone.now)

    identity_ids = models.JSONField(default=list)
    account_name = models.CharField(max_length=254, blank=True)
    account_username = models.CharField(max_length=254, blank=True)
    grant_facts = models.JSONField(default=dict, blank=True)
    missing_scopes = models.JSONField(default=list, blank=True)

    access_sealed = models.BinaryField(null=True)
    refresh_sealed = models.BinaryField(null=True)
    secret_sealed = models.BinaryField(null=True)
    token_version = models.PositiveIntegerField(default=1)
    access_issued_at = models.DateTimeField(null=True)
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)

    # One refresh at a time: who holds the lease, until when by the database's clock, and whether
    # an exchange was begun whose outcome nobody saved.
    refresh_owner = models.UUIDField(null=True)
    refresh_until = models.DateTimeField(null=True)
    refresh_begun_at = models.DateTimeField(null=True)

    checked_at = models.DateTimeField(null=True)
    broken_at = models.DateTimeField(null=True)
    broken_reason = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True)
    at_platform = models.CharField(max_length=20, choices=AtPlatform, blank=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "organization",
                Lower("name"),
                condition=models.Q(removed_at=None),
                name="authorization_name_unique_among_live",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="authorization_name_not_empty"
            ),
            models.CheckConstraint(
                condition=models.Q(removed_at=None)
                | models.Q(access_sealed=None, refresh_sealed=None, secret_sealed=None),
                name="authorization_removed_holds_no_token",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def platform_label(self) -> str:
        """Return the platform's name for people."""
        return registry.label(self.platform)


class AdAccount(Tenant):
    """An ad account that an authorization reaches, with the authorizing person's role judged."""

    authorization = models.ForeignKey(
        Authorization, on_delete=models.CASCADE, related_name="ad_accounts", db_constraint=False
    )
    platform_id = models.CharField(max_length=120)
    name = models.CharField(max_length=254)
    group = models.CharField(max_length=254, blank=True)
    roles = models.JSONField(default=list)
    verdict = models.CharField(max_length=20)
    reason = models.CharField(max_length=300, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("authorization", "platform_id"), name="ad_account_once_an_authorization"
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=[verdict.value for verdict in Verdict]),
                name="ad_account_verdict_known",
            ),
        )
        ordering = ("group", "name", "platform_id")

    def __str__(self) -> str:
        return self.name

    @property
    def usable(self) -> bool:
        """Say whether exports may try it."""
        return self.gone_at is None and self.verdict != Verdict.INSUFFICIENT


class AuthorizationAttempt(Tenant):
    """One walk of a person to the platform and back. Its answer can be claimed once."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    session_hash = models.BinaryField()
    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=40)
    options = models.JSONField(default=dict, blank=True)
    # The authorization that is being reconnected, or the one that came of this attempt.
    authorization = models.ForeignKey(
        Authorization, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    reconnects = models.BooleanField(default=False)
    in_popup = models.BooleanField(default=False)
    next_url = models.CharField(max_length=400, blank=True)

    consent_url_sealed = models.BinaryField(null=True)
    secret_sealed = models.BinaryField(null=True)
    access_sealed = models.BinaryField(null=True)
    refresh_sealed = models.BinaryField(null=True)
    token_secret_sealed = models.BinaryField(null=True)
    grant = models.JSONField(default=dict, blank=True)
    # What was learned of another account than the one that is reconnected, until somebody decides.
    learned = models.JSONField(default=dict, blank=True)

    state = models.CharField(max_length=20, choices=AttemptState, default=AttemptState.WAITING)
    title = models.CharField(max_length=120, blank=True)
    message = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=AttemptState.values), name="attempt_state_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} at {self.platform}"

    @property
    def platform_label(self) -> str:
        """Return the platform's name for people."""
        return registry.label(self.platform)

    @property
    def is_final(self) -> bool:
        """Say whether nothing more will happen."""
        return AttemptState(self.state) not in ATTEMPT_MOVES

    def move(self, to: AttemptState, **also: object) -> bool:
        """Move from the state that this object was read in, once: False if somebody else moved it.

        A compare-and-set in the database, so two answers cannot both claim an attempt.
        """
        if to not in ATTEMPT_MOVES.get(AttemptState(self.state), frozenset()):
            return False
        if to not in ATTEMPT_MOVES:
            also["finished_at"] = Now()
        moved = AuthorizationAttempt.objects.filter(pk=self.pk, state=self.state).update(
            state=to, **also
        )
        if moved:
            self.refresh_from_db()
        return bool(moved)


class TokenUse(Tenant):
    """That an authorization's token was asked for: by whose doing, for what, how often."""

    authorization = models.ForeignKey(
        Authorization, on_delete=models.CASCADE, related_name="uses", db_constraint=False
    )
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField(default=uuid.UUID(int=0))
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("authorization", "kind", "subject_id"), name="token_use_once_a_subject"
            ),
        )
        ordering: ClassVar = ("-last_at",)

    def __str__(self) -> str:
        return f"{self.kind} ({self.count})"


class SharedGrant(models.Model):
    """That somebody holds a grant at a platform that others may hold too.

    Ending it there ends it for all of them, whatever their organization, so this table has no
    fence and holds keyed hashes only: of the access, and of who holds it.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.BinaryField()
    holder = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("key", "holder"), name="shared_grant_once_a_holder"),
        )
        indexes = (models.Index(fields=("holder",), name="shared_grant_by_holder"),)

    def __str__(self) -> str:
        return bytes(self.key).hex()[:12]
