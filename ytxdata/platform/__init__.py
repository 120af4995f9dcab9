"""The platform's own language: settings, signature, status codes, and one signed call that gives an Answer."""
