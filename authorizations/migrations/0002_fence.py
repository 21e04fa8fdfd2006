"""Put up the fence around authorizations and what belongs to them."""

from django.db import migrations

from organizations.tenancy import fence_reference, fence_table


class Migration(migrations.Migration):
    dependencies = [("authorizations", "0001_initial"), ("organizations", "0002_fence")]

    operations = [
        fence_table("authorizations_authorization"),
        fence_table("authorizations_adaccount"),
        fence_table("authorizations_authorizationattempt"),
        fence_table("authorizations_tokenuse"),
        fence_reference(
            "authorizations_adaccount", "authorization_id", "authorizations_authorization"
        ),
        fence_reference(
            "authorizations_authorizationattempt",
            "authorization_id",
            "authorizations_authorization",
        ),
        fence_reference(
            "authorizations_tokenuse", "authorization_id", "authorizations_authorization"
        ),
    ]
