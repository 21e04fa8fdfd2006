"""Put up the fence around destinations."""

from django.db import migrations

from organizations.tenancy import fence_reference, fence_table


class Migration(migrations.Migration):
    dependencies = [("destinations", "0001_initial"), ("authorizations", "0002_fence")]

    operations = [
        fence_table("destinations_destination"),
        fence_reference(
            "destinations_destination", "authorization_id", "authorizations_authorization"
        ),
    ]
