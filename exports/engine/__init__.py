"""From an uploaded audience file to prepared batches. No Django here."""
