"""MSG91's flow API and its delivery reports."""
