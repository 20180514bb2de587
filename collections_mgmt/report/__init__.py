from . import collection_compliance, collection_history
