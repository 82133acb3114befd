"""One GET of the balance: where it goes, how it gets there, and what the response means."""
