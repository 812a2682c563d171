"""What a lab does with a bench: train, resume, measure."""
