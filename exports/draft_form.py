"""The form of a draft, filled with what is recognized or was checked."""

from __future__ import annotations

from typing import Any

from exports import services
from exports.check_models import Check
from exports.engine.columns import columns_of, recognized, several_of
from exports.engine.reading import FileShape
from exports.engine.taking import Taking
from exports.forms import StartForm
from exports.models import Export
from exports.states import Mode
from providers.registry import registry


def start_form(row: Export, shape: FileShape, data: Any) -> StartForm:
    """Return the form that asks which column holds what. In the fence."""
    platform = registry.get(row.destination.platform)
    kinds = platform.identifiers_taken(row.destination.identifiers, row.destination.settings)
    found = recognized(shape, kinds)
    proposed = Taking(several_of(shape, found, kinds), services.country_before(row.destination))
    check = Check.objects.filter(export=row).first()
    return StartForm(
        data,
        destination=row.destination,
        columns=columns_of(shape, kinds),
        # What was checked is what the person chose.
        recognized=check.columns if check else found,
        taking=Taking.from_json(check.taking) if check else proposed,
        mode=Mode(check.mode) if check else Mode.ADD,
    )
