"""Say of an audience whether it was created for its destination."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('destinations', '0002_fence'),
    ]

    operations = [
        migrations.AddField(
            model_name='destination',
            name='audience_is_ours',
            field=models.BooleanField(default=False),
        ),
    ]
