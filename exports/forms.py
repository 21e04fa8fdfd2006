"""What people fill in about an export: the file, then what is in it and what to do with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundWidget

from destinations.models import Destination
from exports import record
from exports.addresses import LONGEST, Address, AddressRefused, file_address
from exports.engine.columns import Column
from exports.engine.several import WORDS, Several
from exports.engine.taking import Taking
from exports.states import Mode
from exports.uploads import FIELD, Announced
from providers.countries import NAMES
from providers.declarations import IdentifierType
from providers.identifier_types import PHONE
from providers.registry import registry


class UploadForm(forms.Form):
    """The file. It lies sealed in staging when this form sees it."""

    file = forms.FileField(
        label="File",
        help_text=(
            "CSV or TSV, also compressed with gzip, or Parquet. It is sealed while it is received."
        ),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,.parquet,text/csv,text/plain"}),
    )

    def refuse(self, sentence: str) -> None:
        """Say why the file was not taken, in the place of what else is wrong with it."""
        self.full_clean()
        self.errors.pop(FIELD, None)
        self.add_error(FIELD, sentence)


class AddressForm(forms.Form):
    """Where the file is. The operator's list decides."""

    address = forms.CharField(
        label="Address",
        max_length=LONGEST,
        error_messages={"required": "Say where the file is."},
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_address(self) -> Address:
        """Return the address in its one spelling."""
        intake = settings.INTAKE
        try:
            return file_address(
                self.cleaned_data["address"], intake.addresses, plain_http=intake.loopback
            )
        except AddressRefused as refused:
            raise forms.ValidationError(refused.sentence) from None


class PiecesForm(forms.Form):
    """What a page says of a file before it sends it in pieces."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(error_messages={"min_value": "The file is empty."}, min_value=1)
    # Milliseconds, as browsers count.
    modified = forms.IntegerField()
    # SHA-256 of the file's beginning and end.
    digest = forms.RegexField("^[0-9a-f]{64}$")

    def announced(self) -> Announced:
        """Return what was said, with a name that leads nowhere."""
        said = self.cleaned_data
        name = re.split(r"[/\\]", said["name"])[-1]
        shown = "".join(letter for letter in name if letter.isprintable()).strip()
        return Announced(
            shown[-254:] or "file", said["size"], f"{name}\0{said['modified']}\0{said['digest']}"
        )

    def refusal(self) -> str:
        """Say what is wrong with it."""
        if "size" in self.errors:
            return str(self.errors["size"][0])
        return "The page did not say which file it sends."


class StartForm(forms.Form):
    """Which column holds what, and what to do. Fields follow the destination."""

    mode = forms.ChoiceField(label="Mode", widget=forms.RadioSelect)

    def __init__(
        self,
        data: Any = None,
        *,
        destination: Destination,
        columns: Sequence[Column],
        recognized: Mapping[str, int],
        taking: Taking,
        mode: Mode = Mode.ADD,
    ) -> None:
        super().__init__(data, initial={"mode": mode})
        self.destination = destination
        platform = registry.get(destination.platform)
        self.kinds = platform.identifiers_taken(destination.identifiers, destination.settings)
        self.fields["mode"].choices = Mode.choices  # type: ignore[attr-defined]  # a ChoiceField
        choices = [("", "Not in this file" if len(self.kinds) > 1 else "Choose the column")]
        choices += [(str(column.number), _label(column)) for column in columns]
        for kind in self.kinds:
            self.fields[_field(kind)] = forms.ChoiceField(
                label=f"Column with {kind.label}",
                choices=choices,
                required=len(self.kinds) == 1,
                initial=str(recognized.get(kind.key, "")),
                error_messages={"required": f"Choose the column that holds {kind.label}."},
            )
            if not kind.by_name_only:
                self.fields[_several_field(kind)] = forms.ChoiceField(
                    label=kind.label,
                    choices=_SEVERAL,
                    required=False,
                    initial=taking.several.get(kind.key, ""),
                )
        if any(kind.key == PHONE for kind in self.kinds):
            self.fields["country"] = forms.ChoiceField(
                label="Country of phone numbers without a country code",
                choices=_COUNTRIES,
                required=False,
                initial=taking.country,
                help_text="Numbers that begin with + or 00 are taken as they are.",
            )

    def modes(self) -> list[tuple[BoundWidget, str]]:
        """Return the radio button of each mode with what it means."""
        return [
            (radio, meaning_of(Mode(radio.data["value"]), self.destination))
            for radio in self["mode"]
        ]

    def column_fields(self) -> list[forms.BoundField]:
        """Return the fields that ask for columns."""
        return [self[_field(kind)] for kind in self.kinds]

    def several_fields(self) -> list[forms.BoundField]:
        """Return the fields that ask how several values stand in a cell."""
        names = map(_several_field, self.kinds)
        return [self[name] for name in names if name in self.fields]

    def several_recognized(self) -> list[str]:
        """Say of which columns cells hold several values, as far as the fields begin with it."""
        return [
            f"{field.label}: split {WORDS[Several(field.initial)]}"
            for field in self.several_fields()
            if field.initial
        ]

    def clean(self) -> dict[str, Any]:
        """Want at least one column, and none of them twice."""
        cleaned = super().clean() or {}
        chosen = [cleaned.get(_field(kind)) for kind in self.kinds]
        filled = [number for number in chosen if number]
        if len(self.kinds) > 1 and not filled:
            self.add_error(_field(self.kinds[0]), "Choose at least one column.")
        if len(set(filled)) < len(filled):
            self.add_error(_field(self.kinds[0]), "Each column can hold one kind of identifier.")
        return cleaned

    def refuse_names_that_repeat(self, names: Sequence[str]) -> None:
        """Refuse chosen columns that are called as another one is."""
        for kind in self.kinds:
            number = self.cleaned_data.get(_field(kind))
            if number and names.count(name := names[int(number)]) > 1:
                self.add_error(
                    _field(kind), f"“{name}” is there more than once. A schedule goes by names."
                )

    def columns(self) -> dict[str, int]:
        """Return the chosen column of each identifier type."""
        return {
            kind.key: int(self.cleaned_data[_field(kind)])
            for kind in self.kinds
            if self.cleaned_data[_field(kind)]
        }

    def taking(self) -> Taking:
        """Return how values are taken from the cells of the chosen columns."""
        columns = self.columns()
        several = {
            kind.key: Several(chosen)
            for kind in self.kinds
            if kind.key in columns and (chosen := self.cleaned_data.get(_several_field(kind)))
        }
        country = self.cleaned_data.get("country", "") if PHONE in columns else ""
        return Taking(several, country)


_MEANINGS = {
    Mode.ADD: "The people in the file join the audience.",
    Mode.REMOVE: "The people in the file leave the audience.",
    Mode.REPLACE: "The audience is emptied, then the people in the file join it.",
}
_BY_DIFFERENCE = (
    "Whoever was sent before and is not in the file leaves, whoever is new joins; the others stay."
)


def meaning_of(mode: Mode, destination: Destination) -> str:
    """Return in a sentence or two what a mode does to a destination's audience. In the fence."""
    if mode != Mode.REPLACE or not record.is_kept_for(destination):
        return _MEANINGS[mode]
    return f"{_BY_DIFFERENCE} {record.how_exact(destination)}"


def _field(kind: IdentifierType) -> str:
    return f"column-{kind.key}"


def _several_field(kind: IdentifierType) -> str:
    return f"several-{kind.key}"


def _label(column: Column) -> str:
    return f"{column.name} ({column.words})"


_SEVERAL = [
    ("", "One value in a cell"),
    *((each.value, f"Split {WORDS[each]}") for each in Several),
]
_COUNTRIES = [
    ("", "None: such numbers begin with a country code"),
    *sorted(NAMES.items(), key=lambda country: country[1].replace("Å", "A")),
]
