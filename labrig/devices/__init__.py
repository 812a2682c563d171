"""Parts and their laws, from wiper code to conductance."""
