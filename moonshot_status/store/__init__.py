"""The SQLite file in the user's state folder; every SQL statement is here."""
