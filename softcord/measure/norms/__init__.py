"""Normative values: a person's cord among healthy people of the same sex and age, level by level."""
