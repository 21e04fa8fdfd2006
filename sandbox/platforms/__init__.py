"""One module a platform; each is found by being here (or in a directory given by --platforms)."""
