"""The HTTP API: base URLs, proxies, the request for the balance, its response and backoff."""
