"""What the form of a destination offers to choose from, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from authorizations.models import AdAccount, Authorization
from destinations.models import Destination
from providers.platform import Platform
from providers.values import Verdict


class SelectUsable(forms.Select):
    """A dropdown that shows what cannot be used too, but does not let it be chosen."""

    unusable: frozenset[str] = frozenset()

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Disable the option of what cannot be used."""
        option = super().create_option(*args, **kwargs)
        if str(option["value"]) in self.unusable:
            option["attrs"]["disabled"] = True
        return option


def offer(field: forms.Field, choices: Iterable[Any], none_chosen: str) -> None:
    """Let a dropdown offer choices, the first one being that nothing is chosen."""
    field.choices = [("", none_chosen), *choices]  # type: ignore[attr-defined]  # a ChoiceField


def identifiers_field(platform: Platform) -> forms.Field:
    """Return a field for the identifier types that a destination takes."""
    choices = [(each.key, each.label) for each in platform.identifiers]
    help_text = platform.identifiers_help
    if platform.identifiers_together:
        return forms.MultipleChoiceField(
            label="Identifiers",
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            initial=[platform.identifiers[0].key],
            help_text=help_text,
            error_messages={"required": "Choose at least one identifier."},
        )
    return forms.ChoiceField(
        label="Identifier",
        choices=choices,
        initial=platform.identifiers[0].key,
        help_text=f"What the uploaded lists identify people by. {help_text}".strip(),
        error_messages={"required": "Choose what the lists identify people by."},
    )


def of_authorizations(authorizations: Iterable[Authorization]) -> list[tuple[str, str]]:
    """Return authorizations by name, with who each is connected as."""
    return [
        (
            str(each.pk),
            f"{each.name} (connected as {each.account_name})" if each.account_name else each.name,
        )
        for each in authorizations
    ]


def to_reconnect(
    row: Destination, authorizations: Iterable[Authorization], unusable: frozenset[str]
) -> forms.Field:
    """Return a field for the authorization that a destination is given; empty leaves it alone."""
    field = forms.UUIDField(label=f"Authorization for {row.name}", required=False)
    widget = SelectUsable()
    widget.unusable = unusable
    widget.choices = [
        ("", "Leave as it is"),
        *(
            (value, f"{label}: cannot use this ad account" if value in unusable else label)
            for value, label in of_authorizations(authorizations)
        ),
    ]
    field.widget = widget
    return field


def to_reconnect_all(label: str, authorizations: Iterable[Authorization]) -> forms.Field:
    """Return a field for the authorization that a whole group of destinations is given."""
    widget = forms.Select(choices=[("", "Choose one by one"), *of_authorizations(authorizations)])
    return forms.UUIDField(label=label, required=False, widget=widget)


def of_ad_accounts(accounts: Iterable[AdAccount]) -> list[Any]:
    """Return ad accounts in their groups, each with what keeps it from being chosen."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for account in accounts:
        label = _ad_account_label(account)
        groups.setdefault(account.group, []).append((account.platform_id, label))
    # A single group says nothing.
    if len(groups) == 1:
        return next(iter(groups.values()))
    return [(group or "Other", choices) for group, choices in groups.items()]


def _ad_account_label(account: AdAccount) -> str:
    if not account.usable:
        return f"{account.name}: {account.reason or 'permission is missing'}"
    if account.verdict == Verdict.UNVERIFIED:
        return f"{account.name} (permission is verified at the first export)"
    return account.name
