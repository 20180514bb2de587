"""What the web client asks the server for when a screen opens.

A screen is a view of an action; its records are read with the fields that stand in the
view, those of lists within a form included, and with the view's own limits.
"""

from lxml import etree

from odoo.tools.safe_eval import safe_eval

LIST_LIMIT = 80
COUNT_LIMIT = 10_001


def open_list(env, action, filters):
    """Read the first page of an action's list; return how many records it has.

    :param filters: names of the filters of the search view that are on
    """
    model, view = _get_view(env, action, "list")
    arch = etree.fromstring(view["arch"])
    result = model.web_search_read(
        _get_domain(model, filters) + _get_action_domain(env, action),
        _get_specification(model, arch),
        limit=LIST_LIMIT,
        order=arch.get("default_order"),
        count_limit=COUNT_LIMIT,
    )
    return len(result["records"])


def open_form(env, action, record):
    """Read a record as the action's form shows it."""
    model, view = _get_view(env, action, "form")
    arch = etree.fromstring(view["arch"])
    return model.browse(record.id).web_read(_get_specification(model, arch))


def _get_view(env, xml_id, view_type):
    action = env["ir.actions.actions"]._for_xml_id(xml_id)
    model = env[action["res_model"]]
    views = model.get_views(
        [view for view in action["views"] if view[1] == view_type], {}
    )
    return model, views["views"][view_type]


def _get_action_domain(env, xml_id):
    domain = env["ir.actions.actions"]._for_xml_id(xml_id)["domain"]
    return safe_eval(domain or "[]", {"uid": env.uid})


def _get_domain(model, filters):
    arch = etree.fromstring(model.get_view(view_type="search")["arch"])
    domain = []
    for name in filters:
        [node] = arch.xpath(f"//filter[@name='{name}']")
        domain += safe_eval(node.get("domain"), {"uid": model.env.uid})
    return domain


def _get_specification(model, node):
    """Return {field: what is read of it} for a view's node."""
    specification = {}
    for child in node.iterfind(".//field"):
        if any(parent.tag == "field" for parent in _get_parents(child, node)):
            continue  # of a list within
        field = model._fields[child.get("name")]
        specification[field.name] = _get_field_specification(model, field, child)
    return specification


def _get_field_specification(model, field, node):
    if not field.relational:
        return {}
    if field.type == "many2one":
        return {"fields": {"display_name": {}}}
    subview = node.find("list")
    if subview is None:
        return {"fields": {"display_name": {}}}
    return {
        "fields": _get_specification(model.env[field.comodel_name], subview),
        "limit": int(subview.get("limit", 40)),
    }


def _get_parents(child, root):
    for parent in child.iterancestors():
        if parent is root:
            return
        yield parent
