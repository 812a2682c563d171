"""From a rig's description to an opened, supervised bench."""
