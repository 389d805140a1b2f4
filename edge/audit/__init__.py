"""Who decided what, when: records that cannot be changed without being found out."""
