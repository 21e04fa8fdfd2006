"""Put up the fence around exports and their batches."""

from django.db import migrations

from organizations.tenancy import fence_reference, fence_table


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial"), ("destinations", "0002_fence")]

    operations = [
        fence_table("exports_export"),
        fence_table("exports_exportbatch"),
        fence_reference("exports_export", "destination_id", "destinations_destination"),
        fence_reference("exports_exportbatch", "export_id", "exports_export"),
    ]
