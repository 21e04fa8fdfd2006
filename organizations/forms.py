"""Forms of signing in and of organizations."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """E-mail and password; the browser adds its time zone."""

    username = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    time_zone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-time-zone": ""})
    )

    error_messages = {
        "invalid_login": "That e-mail and password do not belong together. Nothing is locked; "
        "try again.",
        "inactive": "This person can no longer sign in. Ask an admin.",
    }
