import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { kanbanView } from "@web/views/kanban/kanban_view";

const STAGE = "stage_id";

/** Stages belong to the engine: a card that is dropped on another one asks what happened. */
export class CollectionCaseKanbanRenderer extends KanbanRenderer {
    setup() {
        super.setup();
        this.action = useService("action");
        this.orm = useService("orm");
    }

    get isGroupedByStage() {
        return this.props.list.groupByField?.name === STAGE;
    }

    get canMoveRecords() {
        return this.isGroupedByStage ? this.canResequenceRecords : super.canMoveRecords;
    }

    /** Cases without a stage come last: their column is folded, and a phone shows one. */
    getGroupsOrRecords() {
        const groups = super.getGroupsOrRecords();
        if (this.isGroupedByStage) {
            groups.sort((a, b) => Number(!a.group.value) - Number(!b.group.value));
        }
        return groups;
    }

    async sortRecordDrop(dataRecordId, dataGroupId, { parent }) {
        if (!this.isGroupedByStage) {
            return super.sortRecordDrop(...arguments);
        }
        parent?.classList.remove("o_kanban_hover");
        const { list } = this.props;
        const group = list.groups.find(({ id }) => id === parent?.dataset.id);
        const record = list.records.find(({ id }) => id === dataRecordId);
        if (!group || !record || group.id === dataGroupId) {
            return;
        }
        const action = await this.orm.call(list.resModel, "action_move_to_stage", [
            [record.resId],
            group.value || 0,
        ]);
        await this.action.doAction(action, { onClose: () => list.load() });
    }
}

export const collectionCaseKanbanView = {
    ...kanbanView,
    Renderer: CollectionCaseKanbanRenderer,
};

registry.category("views").add("collection_case_kanban", collectionCaseKanbanView);
