"""Note when a person was asked whether a Replace may remove so many."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0010_record_of_before'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='asked_at',
            field=models.DateTimeField(null=True),
        ),
    ]
