"""Named authorizations: the consent walk, sealed tokens, a fresh token on demand, ad accounts."""
