import { onMounted, useRef } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { formPhoneField } from "@web/views/fields/phone/phone_field";

/** The number to call: its link is always shown and has the focus at once. */
export class CollectionDialField extends formPhoneField.component {
    static template = "collections_mgmt.CollectionDial";

    setup() {
        super.setup();
        const link = useRef("dial");
        onMounted(() => link.el?.focus());
    }
}

registry.category("fields").add("collection_dial", {
    ...formPhoneField,
    component: CollectionDialField,
    // Asked anew: the module sms changes it after this file was read.
    extractProps: (...args) => formPhoneField.extractProps(...args),
});
