"""Form fields that an adapter declares, as fields of a form of ours."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from providers.declarations import FieldKind, FormField
from providers.platform import Platform

# Of a text whose adapter declares no length.
LONGEST = 2000


def field_name(platform: Platform, name: str) -> str:
    """Return the form's name for a declared field: two platforms may declare the same one."""
    return f"{platform.key}-{name}"


def form_field(declared: FormField, *, required: bool) -> forms.Field:
    """Return a form field that holds what the declaration says."""
    about: dict[str, Any] = {
        "label": declared.label,
        "help_text": declared.help,
        "initial": declared.initial,
        "required": required,
        "error_messages": {"required": f"“{declared.label}” is needed."},
    }
    if declared.kind == FieldKind.CHOICE:
        return forms.ChoiceField(choices=declared.choices, **about)
    if declared.kind == FieldKind.INTEGER:
        return forms.IntegerField(min_value=declared.minimum, max_value=declared.maximum, **about)
    if declared.kind == FieldKind.LONG_TEXT:
        about["widget"] = forms.Textarea(attrs={"rows": 3})
    if declared.pattern:
        message = declared.pattern_message or "This does not look right."
        about["validators"] = [RegexValidator(rf"\A(?:{declared.pattern})\Z", message)]
    return forms.CharField(max_length=declared.max_length or LONGEST, **about)


def as_text(value: object) -> str:
    """Return a cleaned value as adapters take it: text, empty where nothing was filled in."""
    return "" if value is None else str(value)
