"""How fast and how large it is; `make bench` prints one line of JSON."""
