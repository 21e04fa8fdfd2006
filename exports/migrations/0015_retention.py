"""Let an organization say how long is kept what it sent."""

import django.core.validators
import django.db.models.deletion
import uuid
from django.db import migrations, models

from organizations.tenancy import fence_table


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0014_schedules'),
        ('organizations', '0002_fence'),
    ]

    operations = [
        migrations.CreateModel(
            name='Retention',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('files_days', models.PositiveSmallIntegerField(default=30, help_text="1 to 90, after an export's end. “Retry failed” needs them.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(90)], verbose_name='Rejects and what failed, in days')),
                ('sets_days', models.PositiveSmallIntegerField(blank=True, help_text='7 to 730, after the export that delivered them. Left empty, they are kept until a later Replace has made them needless.', null=True, validators=[django.core.validators.MinValueValidator(7), django.core.validators.MaxValueValidator(730)], verbose_name='Delivered sets, in days')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization',), name='retention_once'), models.CheckConstraint(condition=models.Q(('files_days__range', (1, 90))), name='retention_files_bounded'), models.CheckConstraint(condition=models.Q(('sets_days', None), ('sets_days__range', (7, 730)), _connector='OR'), name='retention_sets_bounded')],
            },
        ),
        fence_table('exports_retention'),
    ]
