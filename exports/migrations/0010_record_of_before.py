"""Say of the batches that were sent before there was a record what they did.

Nobody knows any more whom those had that were accepted: their files were destroyed.
"""

from django.db import migrations

_TABLES = ("exports_exportbatch", "exports_export", "destinations_destination")


def _forced(word: str) -> str:
    """Let the owner look across organizations, or not; within this transaction only."""
    return "".join(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY;" for table in _TABLES)


class Migration(migrations.Migration):
    dependencies = [("exports", "0009_record"), ("destinations", "0003_audience_is_ours")]

    operations = [
        migrations.RunSQL(
            sql=f"""
                {_forced("NO FORCE")}
                UPDATE exports_exportbatch AS batch SET
                    operation = CASE WHEN export.mode = 'remove' THEN 'remove' ELSE 'add' END,
                    audience_id = CASE WHEN batch.attempts > 0 THEN destination.audience_id
                        ELSE '' END,
                    recorded = CASE WHEN batch.state = 'accepted' THEN 'lost' ELSE '' END
                FROM exports_export AS export, destinations_destination AS destination
                WHERE export.id = batch.export_id AND destination.id = export.destination_id;
                {_forced("FORCE")}
            """,
            reverse_sql="",
        )
    ]
