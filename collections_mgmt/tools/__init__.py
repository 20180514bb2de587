"""Pure functions: no ORM, no database."""
