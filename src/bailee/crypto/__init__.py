"""Pure cryptography: bytes in, bytes out; no disk, no clock, no framework, and nobody else imports `cryptography`."""
