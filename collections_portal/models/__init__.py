from . import collection_contact
