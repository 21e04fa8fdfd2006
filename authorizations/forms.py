"""What people fill in about authorizations."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from authorizations import services
from authorizations.declared_fields import as_text, field_name, form_field
from authorizations.health import Health
from authorizations.models import Authorization
from authorizations.platforms import configured
from organizations.addresses import own_address
from providers.platform import Platform
from providers.registry import registry


class NewAuthorizationForm(forms.Form):
    """Name, platform, and what the chosen platform asks before consent. Used inside the fence."""

    attempt = forms.UUIDField(widget=forms.HiddenInput, required=False)
    in_popup = forms.BooleanField(widget=forms.HiddenInput, required=False)
    next = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)
    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="Others see this name when they create a destination. Make it say which account "
        "it is.",
        error_messages={"required": "Give the authorization a name."},
    )
    platform = forms.ChoiceField(
        label="Platform",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose a platform.",
            "invalid_choice": "This platform is not set up here. Choose another, or ask the "
            "operator to set it up.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # "Cancel" leads there too.
        self.initial["next"] = own_address(self.initial.get("next", ""))
        self.platforms = configured()
        choices = [(platform.key, platform.label) for platform in self.platforms]
        self.fields["platform"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        for platform in self.platforms:
            for declared in platform.authorization_fields:
                self.fields[field_name(platform, declared.name)] = form_field(
                    # Only the chosen platform's are needed; the adapter has its own default.
                    declared,
                    required=False,
                )

    def asked(self) -> list[tuple[Platform, list[forms.BoundField]]]:
        """Return each platform with what it asks before consent."""
        return [(platform, self._own_fields(platform)) for platform in self.platforms]

    def _own_fields(self, platform: Platform) -> list[forms.BoundField]:
        return [self[field_name(platform, each.name)] for each in platform.authorization_fields]

    def clean_attempt(self) -> uuid.UUID:
        """Take the id that the page behind watches; make one where it has none."""
        return self.cleaned_data["attempt"] or uuid.uuid4()

    def clean_next(self) -> str:
        """Keep only an address of this site."""
        return own_address(self.cleaned_data["next"])

    def clean_name(self) -> str:
        """Refuse a name that a live authorization has, in any case."""
        name: str = self.cleaned_data["name"]
        if services.name_taken(name):
            raise forms.ValidationError(taken_message(name))
        return name

    def options(self) -> dict[str, str]:
        """Return what was filled in for the chosen platform."""
        platform = registry.get(self.cleaned_data["platform"])
        return {
            declared.name: as_text(self.cleaned_data.get(field_name(platform, declared.name)))
            for declared in platform.authorization_fields
        }


class RenameForm(forms.Form):
    """Another name for an authorization. Used inside the fence."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="Destinations show the new name at once.",
        error_messages={"required": "Give the authorization a name."},
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, instance: Authorization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance = instance
        self.initial["name"] = instance.name

    def clean_name(self) -> str:
        """Refuse a name that another live authorization has, in any case."""
        name: str = self.cleaned_data["name"]
        if services.name_taken(name, other_than=self.instance):
            raise forms.ValidationError(taken_message(name))
        return name


class NewNameForm(forms.Form):
    """The name under which another account is saved beside the one before. Inside the fence."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        error_messages={"required": "Give the new authorization a name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        """Refuse a name that a live authorization has, in any case."""
        name: str = self.cleaned_data["name"]
        if services.name_taken(name):
            raise forms.ValidationError(taken_message(name))
        return name


class ListFilterForm(forms.Form):
    """Narrow and order the list of authorizations."""

    q = forms.CharField(label="Search", required=False, max_length=120)
    platform = forms.ChoiceField(label="Platform", required=False)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "All states"),
            *((health.value, health.value) for health in Health),
        ],
    )
    sort = forms.ChoiceField(
        label="Sort by",
        required=False,
        choices=[("name", "Name"), ("platform", "Platform"), ("used", "Last used")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "All platforms"), *((each.key, each.label) for each in registry)]
        self.fields["platform"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField


def taken_message(name: str) -> str:
    """Say that a name is taken."""
    return f"There is an authorization named “{name}” already. Choose another name."
