"""Keep whether a person said if a schedule's file has a header.

Of those that were saved before, it is known where the first row looks like data: nobody but a
person takes that for a header.
"""

from django.db import migrations, models

from exports.engine.dialects import looks_like_an_identifier


def _forced(word: str) -> migrations.RunSQL:
    """Let the owner look across organizations, or not; within this transaction only."""
    statement = f"ALTER TABLE exports_schedule {word} ROW LEVEL SECURITY;"
    return migrations.RunSQL(statement, migrations.RunSQL.noop)


def _said_before(apps, schema_editor) -> None:
    there = apps.get_model("exports", "Schedule").objects
    schedules = there.using(schema_editor.connection.alias)
    said = [
        row.pk
        for row in schedules.filter(has_header=True)
        if any(map(looks_like_an_identifier, row.column_names))
    ]
    schedules.filter(pk__in=said).update(header_is_said=True)


class Migration(migrations.Migration):
    dependencies = [("exports", "0015_retention")]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="header_is_said",
            field=models.BooleanField(default=False),
        ),
        _forced("NO FORCE"),
        migrations.RunPython(_said_before, migrations.RunPython.noop),
        _forced("FORCE"),
    ]
