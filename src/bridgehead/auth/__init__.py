"""Who somebody is: local users with passwords, subjects of an OpenID Connect issuer, and who is in which role."""
