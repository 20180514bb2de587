import { registry } from "@web/core/registry";
import {
    badgeSelectionField,
    BadgeSelectionField,
} from "@web/views/fields/badge_selection/badge_selection_field";

/** Badges that the keyboard reaches as well: Tab goes from one to the next. */
export class CollectionBadgesField extends BadgeSelectionField {
    static template = "collections_mgmt.CollectionBadges";

    onKeydown(ev, value) {
        if (ev.key === "Enter" || ev.key === " ") {
            ev.preventDefault();
            ev.stopPropagation();
            this.onChange(value);
        }
    }
}

export const collectionBadgesField = {
    ...badgeSelectionField,
    component: CollectionBadgesField,
};

registry.category("fields").add("collection_badges", collectionBadgesField);
