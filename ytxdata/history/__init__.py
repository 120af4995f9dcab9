"""Asking until there is no more, and judging how complete what came is."""
