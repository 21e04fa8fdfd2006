"""Erase a person: what was asked for, and which exports carry it out."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from organizations.tenancy import fence_reference, fence_table


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0011_asked'),
        ('organizations', '0002_fence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('masked', models.CharField(max_length=80)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('sought_sealed', models.BinaryField(null=True)),
                ('out_of_reach', models.JSONField(default=list)),
                ('drafts_destroyed', models.PositiveIntegerField(default=0)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.organization')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='export',
            name='erasure',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='exports.erasure'),
        ),
        fence_table('exports_erasure'),
        fence_reference('exports_export', 'erasure_id', 'exports_erasure'),
    ]
