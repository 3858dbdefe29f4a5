"""One study, from prepared inputs to the checked plan."""
