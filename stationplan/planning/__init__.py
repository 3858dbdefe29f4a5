"""One study, from its prepared inputs to the checked plan."""
