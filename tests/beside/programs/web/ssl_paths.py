#!/usr/bin/env python3
# Where certificates are looked for.
import ssl

print(ssl.OPENSSL_VERSION)
context = ssl.create_default_context()
print(context.verify_mode, context.check_hostname, len(context.get_ca_certs()) > 0 or "by path")
print(ssl.get_default_verify_paths().cafile, ssl.get_default_verify_paths().openssl_cafile_env)
