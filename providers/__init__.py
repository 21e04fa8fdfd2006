"""What an adapter to an advertising platform is, and where adapters are found. No Django here."""
