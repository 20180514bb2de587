from odoo import api, models
from odoo.exceptions import ValidationError

# By type of field: neither the database nor arithmetic takes more.
LIMITS = {"integer": 2**31, "float": 1e12, "monetary": 1e12}


class CollectionNumberMixin(models.AbstractModel):
    """Records whose numbers come from people and programs, and are counted with."""

    _name = "collection.number.mixin"
    _description = "Takes Only Numbers That Can Be Counted With"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_numbers(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_numbers(vals)
        return super().write(vals)

    def _check_numbers(self, vals):
        for name, value in vals.items():
            field = self._fields.get(name)
            limit = field and LIMITS.get(field.type)
            # What is no number at all (NaN) is not less than anything.
            if limit and value and not abs(value) < limit:
                raise ValidationError(
                    self.env._(
                        "%(field)s: %(number)s cannot be counted with. Correct it.",
                        field=field._description_string(self.env),
                        number=value,
                    )
                )
