"""Put up the fence. This room is below the one that holds the migration steps for it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
                ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
                ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
                CREATE POLICY fence ON audit_entry
                    USING (
                        organization_id = nullif(current_setting('app.organization', true), '')::uuid
                    )
                    WITH CHECK (
                        organization_id = nullif(current_setting('app.organization', true), '')::uuid
                    );
            """,
            reverse_sql="""
                DROP POLICY fence ON audit_entry;
                ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
                ALTER TABLE audit_entry DISABLE ROW LEVEL SECURITY;
            """,
        ),
    ]
