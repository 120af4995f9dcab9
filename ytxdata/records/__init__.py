"""The ground floor: from the bytes of an answer to typed tables, without any network."""
