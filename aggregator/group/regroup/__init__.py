"""Groups the complete history again; stories keep their ids."""
