

# --- Added by pyship: on a system where OpenSSL's own places are empty, certificates come from the places that
# other distributions use, else from certifi when that was packed.
def _pyship_authorities():
    file, directory = _ssl.get_default_verify_paths()[1::2]
    if "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ:
        return None
    if os.path.isfile(file) or os.path.isdir(directory) and os.listdir(directory):
        return None
    for path in (
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ):
        if os.path.isfile(path):
            return path
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()


def _pyship_set_default_verify_paths(self):
    """Load the certificates that the system trusts."""
    super(SSLContext, self).set_default_verify_paths()
    authorities = _pyship_authorities()
    if authorities is not None:
        self.load_verify_locations(authorities)


def _pyship_get_default_verify_paths(theirs=get_default_verify_paths):
    """Return paths to default cafile and capath."""
    paths = theirs()
    if paths.cafile is None and paths.capath is None:
        paths = paths._replace(cafile=_pyship_authorities())
    return paths


SSLContext.set_default_verify_paths = _pyship_set_default_verify_paths
get_default_verify_paths = _pyship_get_default_verify_paths
