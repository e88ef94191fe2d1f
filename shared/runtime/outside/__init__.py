"""What services know of accounts outside, and how they call them."""
