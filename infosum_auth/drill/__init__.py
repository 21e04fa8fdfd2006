"""Break things while exports are under way, and count what was lost (`make drill`)."""
