

# --- Added by pyship: where OpenSSL's own directories have no usable certificates, they are taken from the paths
# that other distributions use, else from certifi when that was packed.
def _pyship_authorities():
    """Files that may have certificates, best first; none when OpenSSL finds some itself."""
    file, directory = _ssl.get_default_verify_paths()[1::2]
    if "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ:
        return []
    if os.path.isfile(file) or _pyship_is_store(directory):
        return []
    files = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/var/lib/ca-certificates/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]
    try:
        import certifi
    except ImportError:
        pass
    else:
        files.append(certifi.where())
    return [path for path in files if os.path.isfile(path)]


def _pyship_is_store(directory):
    """Whether OpenSSL finds certificates there: it looks only for `<hash of the subject>.<number>`."""
    try:
        names = os.listdir(directory)
    except OSError:
        return False
    return any(len(name) > 9 and name[8] == "." and name[9:].isdigit() for name in names)


def _pyship_set_default_verify_paths(self):
    """Load the certificates that the system trusts."""
    super(SSLContext, self).set_default_verify_paths()
    for authorities in _pyship_authorities():
        try:
            return self.load_verify_locations(authorities)
        except OSError:
            # Empty, damaged or not readable; SSLError is an OSError.
            continue


def _pyship_get_default_verify_paths(theirs=get_default_verify_paths):
    """Return paths to default cafile and capath."""
    paths = theirs()
    authorities = _pyship_authorities() if paths.cafile is None else []
    return paths._replace(cafile=authorities[0]) if authorities else paths


SSLContext.set_default_verify_paths = _pyship_set_default_verify_paths
get_default_verify_paths = _pyship_get_default_verify_paths
