import djmoney.models.fields
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("market", "0002_order_of_pictures")]

    operations = [
        migrations.AlterField(
            model_name="charge",
            name="amount",
            field=djmoney.models.fields.MoneyField(decimal_places=8, max_digits=24, verbose_name="amount"),
        ),
    ]
