"""Find out what a board is: its converters, its wipers, its lines."""
