"""Organizations, their members and roles, and the fence between organizations."""
