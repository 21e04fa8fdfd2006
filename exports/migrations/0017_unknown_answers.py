from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0016_header_is_said")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="unknown_answers",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="exportbatch",
            name="unknown_answers",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
