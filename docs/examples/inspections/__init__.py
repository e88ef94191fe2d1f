"""A noun of its own, as the page on writing a task shows it."""
