"""How much a replica carries, and which pools replicas go to. Pure."""
