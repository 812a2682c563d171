"""Form memristors, watch what they keep, and find out what they stand."""
