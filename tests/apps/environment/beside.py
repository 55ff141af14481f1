"""A module beside the main one."""
