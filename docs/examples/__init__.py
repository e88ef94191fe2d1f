"""Code that the pages show. tests/docs runs it and compares it with the pages."""
