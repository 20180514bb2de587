import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

// As in models/collection_case_next.py.
const LIST_KEY = "collection_case_list";

/** "Next" goes through the list that the case was opened from: buttons pass it on. */
export class CollectionCaseFormController extends FormController {
    /** After "Next" the pager goes through the same list. */
    get modelParams() {
        const params = super.modelParams;
        const shown = this.props.context[LIST_KEY];
        if (params.config.resIds.length < 2 && shown?.includes(params.config.resId)) {
            params.config.resIds = shown;
        }
        return params;
    }

    async beforeExecuteActionButton(clickParams) {
        const result = await super.beforeExecuteActionButton(...arguments);
        const { resIds } = this.model.root;
        if (resIds.length > 1) {
            clickParams.buttonContext = { ...clickParams.buttonContext, [LIST_KEY]: resIds };
        }
        return result;
    }
}

export const collectionCaseFormView = {
    ...formView,
    Controller: CollectionCaseFormController,
};

registry.category("views").add("collection_case_form", collectionCaseFormView);
