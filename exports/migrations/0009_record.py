"""Say what each batch does and to which audience it went, for the record of that audience."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0008_taking'),
        ('organizations', '0002_fence'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='comparison',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='exportbatch',
            name='audience_id',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='exportbatch',
            name='operation',
            field=models.CharField(choices=[('add', 'Add'), ('remove', 'Remove'), ('keep', 'Keep'), ('held', 'Held')], default='add', max_length=10),
        ),
        migrations.AddField(
            model_name='exportbatch',
            name='recorded',
            field=models.CharField(blank=True, choices=[('', 'Yes'), ('doubted', 'Doubted'), ('folded', 'Folded'), ('lost', 'Lost')], default='', max_length=10),
        ),
        migrations.AddIndex(
            model_name='exportbatch',
            index=models.Index(condition=models.Q(('operation', 'remove'), ('state__in', ('pending', 'sending', 'uploaded', 'taken'))), fields=['export'], name='batch_removal'),
        ),
        migrations.AddConstraint(
            model_name='exportbatch',
            constraint=models.CheckConstraint(condition=models.Q(('operation__in', ['add', 'remove', 'keep', 'held'])), name='batch_operation_known'),
        ),
    ]
