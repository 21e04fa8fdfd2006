"""The form of a destination: ours, then the platform's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from authorizations.declared_fields import as_text, field_name, form_field
from authorizations.health import usable
from authorizations.models import AdAccount, Authorization
from authorizations.platforms import configured
from destinations import choices, services
from destinations.models import Destination
from destinations.services import Filled
from destinations.standing import out_of_reach
from providers.platform import Platform
from providers.registry import registry

TAKEN = "There is a destination with this name already. Choose another name."


class DestinationForm(forms.Form):
    """A destination. What it asks depends on what was chosen so far. Used inside the fence.

    `filled` is what the fields hold before they are checked: a draft, or a stored destination.
    """

    name = forms.CharField(
        label="Name", max_length=120, error_messages={"required": "Give the destination a name."}
    )
    platform = forms.ChoiceField(
        label="Platform",
        help_text="Choosing one shows what it asks for.",
        error_messages={
            "required": "Choose a platform.",
            "invalid_choice": "This platform is not set up here. Choose another.",
        },
    )
    authorization = forms.ChoiceField(
        label="Authorization",
        help_text="Exports use this account's permission, whoever runs them.",
        error_messages={
            "required": "Choose an authorization.",
            "invalid_choice": "This authorization cannot be used any more. Choose another.",
        },
    )
    ad_account = forms.ChoiceField(
        label="Ad account",
        widget=choices.SelectUsable,
        error_messages={
            "required": "Choose an ad account.",
            "invalid_choice": "This ad account is not within the authorization's reach any more. "
            "Choose another.",
        },
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        filled: Mapping[str, Any] | None = None,
        instance: Destination | None = None,
    ) -> None:
        super().__init__(data, initial=dict(filled or {}))
        self.instance = instance
        self.platforms = [registry.get(instance.platform)] if instance else configured()
        self.authorizations: list[Authorization] = []
        self.ad_accounts: dict[str, AdAccount] = {}
        offered = [(each.key, each.label) for each in self.platforms]
        choices.offer(self.fields["platform"], offered, "Choose a platform")
        if instance is not None:
            self.fields["platform"].widget = forms.HiddenInput()
        self.chosen = self._chosen_platform()
        if self.chosen is None:
            for name in ("authorization", "ad_account"):
                del self.fields[name]
        else:
            self._offer_authorizations(self.chosen)
            self._offer_ad_accounts()
            self._ask_for(self.chosen)
        for name in ("platform", "authorization"):
            if name in self.fields:
                self.fields[name].widget.attrs["data-depends"] = ""

    def own_fields(self) -> list[forms.BoundField]:
        """Return the fields that the platform asks for."""
        if self.chosen is None:
            return []
        return [self[field_name(self.chosen, each.name)] for each in self.chosen.destination_fields]

    def _value(self, name: str) -> str:
        source = self.data if self.is_bound else self.initial
        return str(source.get(name) or "")

    def _chosen_platform(self) -> Platform | None:
        if len(self.platforms) == 1:
            self.initial["platform"] = self.platforms[0].key
            return self.platforms[0]
        wanted = self._value("platform")
        return next((each for each in self.platforms if each.key == wanted), None)

    def _offer_authorizations(self, platform: Platform) -> None:
        rows = usable(Authorization.objects.filter(platform=platform.key)).order_by("name")
        self.authorizations = list(rows)
        offered = choices.of_authorizations(self.authorizations)
        choices.offer(self.fields["authorization"], offered, "Choose an authorization")
        self._choose_the_only_one("authorization", [value for value, _ in offered])

    def _offer_ad_accounts(self) -> None:
        chosen = self._value("authorization")
        mine = [each for each in self.authorizations if str(each.pk) == chosen]
        accounts = list(AdAccount.objects.filter(authorization__in=mine, gone_at=None))
        self.ad_accounts = {account.platform_id: account for account in accounts}
        field = self.fields["ad_account"]
        choices.offer(field, choices.of_ad_accounts(accounts), "Choose an ad account")
        can_be_used = [account.platform_id for account in accounts if account.usable]
        field.widget.unusable = frozenset(self.ad_accounts).difference(can_be_used)
        self._choose_the_only_one("ad_account", can_be_used)
        if not mine:
            field.help_text = "Choose the authorization first."

    def _choose_the_only_one(self, name: str, offered: list[str]) -> None:
        # A stored destination's choice is a person's: it is never swapped for what happens to be
        # left.
        if self.instance is None and len(offered) == 1:
            self.initial[name] = offered[0]

    def _ask_for(self, platform: Platform) -> None:
        self.fields["identifiers"] = choices.identifiers_field(platform)
        for declared in platform.destination_fields:
            self.fields[field_name(platform, declared.name)] = form_field(
                declared, required=declared.required
            )

    def clean_name(self) -> str:
        """Refuse a name that a live destination has, in any case."""
        name: str = self.cleaned_data["name"]
        if services.name_taken(name, other_than=self.instance):
            raise forms.ValidationError(TAKEN)
        return name

    def clean_ad_account(self) -> str:
        """Refuse an ad account in which the authorizing person lacks the permission."""
        chosen: str = self.cleaned_data["ad_account"]
        why = out_of_reach(chosen, self.ad_accounts[chosen])
        if why:
            raise forms.ValidationError(why)
        return chosen

    def clean(self) -> dict[str, Any]:
        """Let the adapter look across the platform's fields."""
        cleaned = super().clean() or {}
        if "authorization" in self.errors:
            # Without it there is no ad account to choose; one sentence is enough.
            self.errors.pop("ad_account", None)
        if self.chosen is not None:
            for name, sentence in self.chosen.check_destination(self.settings()).items():
                field = field_name(self.chosen, name)
                if field not in self.errors:
                    self.add_error(field, sentence)
        return cleaned

    def settings(self) -> dict[str, str]:
        """Return the platform's fields as the adapter takes them."""
        if self.chosen is None:
            return {}
        return {
            declared.name: as_text(self.cleaned_data.get(field_name(self.chosen, declared.name)))
            for declared in self.chosen.destination_fields
        }

    def filled(self) -> Filled:
        """Return what a valid form holds."""
        asked = self.cleaned_data["identifiers"]
        wanted = self.cleaned_data["authorization"]
        return Filled(
            name=self.cleaned_data["name"],
            authorization=next(each for each in self.authorizations if str(each.pk) == wanted),
            ad_account=self.ad_accounts[self.cleaned_data["ad_account"]],
            identifiers=[asked] if isinstance(asked, str) else asked,
            settings=self.settings(),
        )


class ListFilterForm(forms.Form):
    """Narrow the list of destinations."""

    q = forms.CharField(label="Search", required=False, max_length=120)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All states"), ("needs-reconnection", "Needs reconnection")],
    )


def filled_of(row: Destination) -> dict[str, Any]:
    """Return a stored destination as the form's fields hold it."""
    platform = registry.get(row.platform)
    filled: dict[str, Any] = {
        "name": row.name,
        "platform": row.platform,
        "authorization": str(row.authorization_id or ""),
        "ad_account": row.ad_account_id,
        **{field_name(platform, name): value for name, value in row.settings.items()},
    }
    if row.identifiers:
        together = platform.identifiers_together
        filled["identifiers"] = row.identifiers if together else row.identifiers[0]
    return filled


def filled_of_draft(draft: QueryDict) -> dict[str, Any]:
    """Return a draft as the form's fields hold it."""
    return {
        name: values if len(values) > 1 else values[0] for name, values in draft.lists() if values
    }
