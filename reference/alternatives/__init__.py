"""Other right answers, in other words."""
