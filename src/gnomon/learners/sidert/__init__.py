"""SideRT: a transformer for dense fields, from one image to its depth."""
