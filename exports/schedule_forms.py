"""What people fill in about a schedule."""

from __future__ import annotations

from typing import Any

from django import forms

from exports.forms import AddressForm
from exports.recurrence import Recurrence
from exports.schedule_models import Every, Schedule, Weekday
from exports.schedules import Wish
from exports.states import Mode
from organizations.time_zones import time_zones


class ScheduleForm(forms.Form):
    """When it is due."""

    every = forms.ChoiceField(label="How often", choices=Every.choices, initial=Every.DAILY)
    at = forms.TimeField(
        label="At",
        initial="06:00",
        help_text="By the clock of the time zone; every hour at this minute.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    weekday = forms.TypedChoiceField(
        label="Weekday",
        choices=Weekday.choices,
        coerce=int,
        initial=Weekday.MONDAY,
        help_text="For every week only.",
    )
    time_zone = forms.ChoiceField(label="Time zone")

    def __init__(self, data: Any = None, *, time_zone: str = "UTC", **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        zones = sorted(time_zones())
        self.fields["time_zone"].choices = [(each, each) for each in zones]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["time_zone"].initial = time_zone

    def recurrence(self) -> Recurrence:
        """Return when it is due."""
        said = self.cleaned_data
        return Recurrence(said["every"], said["at"], said["weekday"], said["time_zone"])


class ScheduleEditForm(ScheduleForm, AddressForm):
    """When it is due, what is fetched, and what is done with it."""

    mode = forms.ChoiceField(label="Mode", choices=Mode.choices)
    field_order = ("address", "mode", "every", "at", "weekday", "time_zone")

    def wish(self) -> Wish:
        """Return what was filled in."""
        said = self.cleaned_data
        return Wish(str(said["address"]), Mode(said["mode"]), self.recurrence())

    @classmethod
    def of(cls, row: Schedule, data: Any = None) -> ScheduleEditForm:
        """Return the form of a schedule that there is."""
        names = ("address", "mode", "every", "at", "weekday")
        initial = {name: getattr(row, name) for name in names}
        return cls(data, time_zone=row.time_zone, initial=initial)
