"""SMS as they are kept and shown, whichever provider took them."""
