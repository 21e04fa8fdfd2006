"""Migration steps that put up the fence. A tenant table's first migration uses them.

Foreign keys do not obey row-level security, so a reference between tenant tables is a composite
key that holds the organization too; Django's own single-column one is left out
(`db_constraint=False`).
"""

from __future__ import annotations

from django.db.migrations import RunSQL


def fence_table(table: str, *, or_visible_if: str = "") -> RunSQL:
    """Enable and force the policy on a table, and let composite keys point at its rows.

    `or_visible_if` widens what is read, never what may be written.
    """
    mine = "organization_id = nullif(current_setting('app.organization', true), '')::uuid"
    also = f"CREATE POLICY fence_read ON {table} FOR SELECT USING ({or_visible_if});"
    return RunSQL(
        sql=f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY fence ON {table} USING ({mine}) WITH CHECK ({mine});
            {also if or_visible_if else ""}
            ALTER TABLE {table} ADD CONSTRAINT {table}_organization_row
                UNIQUE (organization_id, id);
        """,
        reverse_sql=f"""
            ALTER TABLE {table} DROP CONSTRAINT {table}_organization_row CASCADE;
            DROP POLICY IF EXISTS fence_read ON {table};
            DROP POLICY fence ON {table};
            ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
            ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


def fence_reference(table: str, column: str, to: str, *, on_delete: str = "NO ACTION") -> RunSQL:
    """Add the composite key `(organization_id, column)` to a fenced table."""
    name = f"{table}_{column}_same_organization"
    return RunSQL(
        sql=f"""
            ALTER TABLE {table} ADD CONSTRAINT {name}
                FOREIGN KEY (organization_id, {column}) REFERENCES {to} (organization_id, id)
                ON DELETE {on_delete} DEFERRABLE INITIALLY DEFERRED;
        """,
        reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )
