"""`enterprise/deployment`: releases of services, from a built artifact to production, and back where they fail."""
