"""Put up the fence around memberships and data keys."""

from django.db import migrations

from organizations.tenancy import fence_table


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]

    operations = [
        fence_table(
            "organizations_membership",
            or_visible_if="person_id = nullif(current_setting('app.person', true), '')::uuid",
        ),
        fence_table("organizations_datakey"),
    ]
